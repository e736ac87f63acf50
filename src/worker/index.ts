/** The entry: the HTTP app, and the object classes that the platform finds by name. */
import { createApp } from "./api/app.ts";

export { FakeComfyObject } from "./comfy/fake-comfy-object.ts";
export { JobObject } from "./job/job-object.ts";
export { PoolObject } from "./pool/pool-object.ts";
export { TenantObject } from "./tenant/tenant-object.ts";

let app: ReturnType<typeof createApp> | null = null;

/** The routes are mounted for the first request: an isolate that only holds objects never needs them. */
export default {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response> {
    app ??= createApp();
    return app.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;
