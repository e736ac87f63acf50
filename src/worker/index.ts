/** The entry: the HTTP app, and the object classes that the platform finds by name. */
import { createApp } from "./api/app.ts";

export { FakeComfyObject } from "./comfy/fake-comfy-object.ts";
export { JobObject } from "./job/job-object.ts";
export { PoolObject } from "./pool/pool-object.ts";
export { TenantObject } from "./tenant/tenant-object.ts";

export default createApp();
