/** Faults of the run itself: what the history says of it, and what other people do to it. */
import { cells, ends, type FaultCase, succeeds } from "../case.ts";

const NOT_THERE = "ComfyUI does not have it yet";
const READ = "its history entry was read already";

const FIRST_PROMPT = { type: "deleteJob" } as const;
/** For half a minute nothing is heard of a run that is over and not filed. */
const NOT_FILED = succeeds(60, { attempt: 2, says: ["attempt_retried"], may: ["no_news"] });
const RUN_AGAIN = succeeds(60, { attempt: 2, says: ["attempt_retried"] });

/** History late or lost, and other people's hands. */
export const RUN_CASES: readonly FaultCase[] = [
  {
    name: "history 5 s late",
    strike: (scene) => scene.fault({ type: "historyLate", ms: 5_000, count: 2 }),
    cells: cells(succeeds(25), { queued: "see connecting", leased: "see connecting", collecting: READ }),
  },
  {
    name: "history lost",
    strike: (scene, state) => {
      // In line before us is somebody else's prompt, whose entry is the first that is not written.
      scene.fault({ type: "historyLate", ms: 86_400_000, count: state === "submitted" ? 2 : 1 });
    },
    cells: cells(NOT_FILED, {
      queued: "see submitted",
      leased: "see submitted",
      connecting: "see submitted",
      collecting: READ,
    }),
  },
  {
    name: "queue deleted by somebody else",
    strike: (scene) => scene.fault(FIRST_PROMPT),
    cells: cells("it does not wait in ComfyUI's queue", { submitted: RUN_AGAIN }),
  },
  {
    name: "queue deleted, and others go on",
    strike: (scene) => {
      scene.fault(FIRST_PROMPT);
      const data = { status: { exec_info: { queue_remaining: 3 } } };
      scene.meanwhile(2_000, () => scene.fault({ type: "emit", event: "status", data }));
    },
    cells: cells("it does not wait in ComfyUI's queue", { submitted: RUN_AGAIN }),
  },
  {
    name: "interrupt by somebody else",
    strike: (scene) => scene.fault({ type: "interrupt" }),
    cells: cells(ends("canceled", 10, {}), {
      queued: NOT_THERE,
      leased: NOT_THERE,
      connecting: NOT_THERE,
      // It is the run before ours that is interrupted.
      submitted: succeeds(15),
      collecting: "its run is over",
    }),
  },
];
