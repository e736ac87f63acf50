/** What somebody without a key can ask for: a share link's path and what lies under it. */
import type { PublicJob } from "../../src/contract/job.ts";
import { startWorker, type TestWorker } from "./worker.ts";

/** A Worker whose backend and second checkpoint have names that nobody without a key may read. */
export const startHushedWorker = (): Promise<TestWorker> =>
  startWorker({
    fake: { stepMs: 25, previewSize: 64, checkpoints: ["easel-demo.safetensors", "hushmodel.safetensors"] },
    backend: { id: "hushbox" },
  });

/** The path of a link. */
export const pathOf = (share: { url: string | null }): string => new URL(share.url ?? "").pathname;

/** A request without a key. */
export const askAsAnyone = (
  worker: TestWorker,
  path: string,
  init: RequestInit & { headers?: Record<string, string> } = {},
): Promise<Response> => worker.request(path, { key: null, ...init });

/** The job as the link at `path` shows it. */
export const stateAt = async (worker: TestWorker, path: string): Promise<PublicJob> =>
  (await (await askAsAnyone(worker, `${path}/state`)).json()) as PublicJob;
