/**
 * Stands in front of the built Worker inside workerd and fills a project's index, many records to a call, by the same
 * `record()` that jobs' objects call: POST /bench/fill. Plain JavaScript, because it is loaded as it is.
 */
import worker, * as product from "./index.js";

export const { FakeComfyObject, JobObject, PoolObject } = product;

const SECOND = 1_000;
const WEEK_SECONDS = 604_800;

export class TenantObject extends product.TenantObject {
  /** Records jobs `first` to `first + count - 1` of `total`, a second apart; `unfinished` of the last ones still run. */
  async fill({ first, count, total, users, failEvery, unfinished, sampleId, doc }) {
    const start = Date.now() - total * SECOND;
    for (let index = first; index < first + count; index++) {
      const jobId = `job_${String(index).padStart(26, "0")}`;
      const ended = index < total - unfinished;
      const createdAt = start + index * SECOND;
      await this.record({
        jobId,
        user: `u_${index % users}`,
        workflow: "txt2img",
        status: ended ? (index % failEvery === 0 ? "failed" : "succeeded") : "running",
        terminal: ended,
        seq: 60,
        metadata: { screen: "editor" },
        createdAt,
        expiresAt: createdAt + WEEK_SECONDS * SECOND,
        doc: ended ? doc.replaceAll(sampleId, jobId) : null,
        removed: null,
        used: ended ? { runMs: 2_000, outputBytes: 100_000 } : null,
      });
    }
  }
}

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/bench/fill") return worker.fetch(request, env, ctx);
    const { project, ...what } = await request.json();
    await env.TENANTS.getByName(project).fill(what);
    return new Response(null, { status: 204 });
  },
};
