/** Faults of results on their way into storage. */
import { cells, ends, type FaultCase, succeeds } from "../case.ts";

const NOT_YET = "it has no result yet: see running-late";
const early = (expected: ReturnType<typeof succeeds>, more: Parameters<typeof cells>[1] = {}) =>
  cells(expected, { queued: NOT_YET, leased: NOT_YET, connecting: NOT_YET, submitted: NOT_YET, ...more });

const MADE_AGAIN = succeeds(30, { attempt: 2, says: ["attempt_retried"] });

/** Downloads and storage. */
export const RESULT_CASES: readonly FaultCase[] = [
  {
    name: "slow /view",
    strike: (scene) => scene.fault({ type: "viewSlow", chunkBytes: 20, everyMs: 100 }),
    cells: early(succeeds(40), { "running-early": "see running-late" }),
  },
  {
    name: "truncated /view, twice",
    strike: (scene) => scene.fault({ type: "viewTruncated", afterBytes: 40, count: 2 }),
    cells: early(succeeds(20)),
  },
  {
    name: "/view 404, the file is gone",
    strike: (scene) => scene.fault({ type: "view404" }),
    cells: early(MADE_AGAIN),
  },
  {
    name: "/view 404 on a cached file",
    arm: async (scene) => {
      const { id } = await scene.worker.createJob({ graph: scene.graph });
      scene.others.push(id);
      await scene.worker.ended(id);
    },
    strike: (scene) => scene.fault({ type: "view404" }),
    cells: cells("a cached run is over at once: see connecting", { connecting: MADE_AGAIN }),
  },
  {
    name: "R2 put fails once",
    strike: (scene) => scene.worker.failWrites(scene.jobId, 1),
    cells: early(succeeds(20)),
  },
  {
    name: "R2 put fails always",
    strike: (scene) => scene.worker.failWrites(scene.jobId, 1_000_000),
    cells: early(ends("failed", 110, { error: "storage_failed" }), {
      "running-early": "see running-late",
      collecting: "see running-late",
    }),
  },
];
