/** Faults of the service itself: its objects, its process, its clock, its receivers. */
import { cells, ends, type FaultCase, succeeds } from "../case.ts";
import { pause } from "../support/scene.ts";

const UNTOLD = succeeds(30);
const TAKEN_UP = succeeds(30, { says: ["service_restarted"], may: ["connection_lost"] });
const REVIVED = cells(TAKEN_UP, { queued: UNTOLD, leased: UNTOLD, connecting: UNTOLD, collecting: UNTOLD });

/** Longer than a lease lives. */
const AWAY_MS = 100_000;

/** Our own crashes. */
export const SERVICE_CASES: readonly FaultCase[] = [
  {
    name: "object aborted",
    strike: (scene) => scene.worker.abortJob(scene.jobId),
    cells: REVIVED,
  },
  {
    name: "Worker killed and restarted",
    strike: async (scene) => {
      await scene.worker.killAndStart();
      scene.backAt = Date.now();
    },
    cells: REVIVED,
  },
  {
    name: "alarm 100 s late (Worker down)",
    strike: async (scene) => {
      await scene.worker.killAndStart(() => pause(AWAY_MS));
      scene.backAt = Date.now();
    },
    cells: cells(succeeds(140, { says: ["service_restarted"], may: ["connection_lost"] }), {
      queued: succeeds(140),
      leased: "see queued",
      connecting: "see queued",
      submitted: "see running-early",
      "running-late": "see running-early",
      collecting: succeeds(140),
    }),
  },
  {
    name: "deadline passed while the Worker was down",
    strike: async (scene) => {
      await scene.worker.killAndStart(() => pause(10_000));
      scene.backAt = Date.now();
    },
    cells: cells("see queued", {
      queued: ends("expired", 40, { error: "start_timeout", request: { deadline: { start_within_seconds: 4 } } }),
    }),
  },
  {
    name: "clock jump",
    strike: () => {},
    cells: cells("workerd reads the machine's clock; played against the job machine in test/core/job/watch.test.ts"),
  },
  {
    name: "webhook receiver down",
    strike: () => {},
    cells: cells("played in test/worker/webhook-crash.test.ts and webhook-delivery-schedule.test.ts"),
  },
];
