/** How busy the machines are, for an app that wants to say so before the tap. Names no machine. */
import { CapacitySchema } from "../../../contract/api.ts";
import { type Api, json, mount } from "../route.ts";

export function mountCapacity(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/v1/capacity",
      id: "getCapacity",
      tag: "Meta",
      summary: "Whether a job would start at once",
      auth: "any",
      responses: {
        200: json(CapacitySchema, "How it stands.", {
          object: "capacity",
          state: "busy",
          queue_depth: 3,
          workers_ready: 1,
          est_start_ms: 11_000,
        }),
      },
    },
    async (c) => {
      const { state, queueDepth, workersReady, estStartMs } = await c.env.POOL.getByName("main").capacity();
      const capacity = {
        object: "capacity",
        state,
        queue_depth: queueDepth,
        workers_ready: workersReady,
        est_start_ms: estStartMs,
      };
      return c.json(capacity, 200, { "cache-control": "private, max-age=2" });
    },
  );
}
