/** Faults of the whole ComfyUI server: restarted, crashed, a zombie, frozen, gone. */
import { randomInt } from "node:crypto";
import { ticking } from "../../support/graphs.ts";
import { cells, ends, type FaultCase, succeeds } from "../case.ts";
import { RUN } from "../support/scene.ts";

const RESTARTED = succeeds(30, { attempt: 2, says: ["attempt_retried"], may: ["connection_lost", "not_answering"] });
/** Nothing was handed over, or all is on the disk: it is not made twice. */
const UNTOUCHED = succeeds(30);

const startBy = (seconds: number) => ({ deadline: { start_within_seconds: seconds } });
const finishBy = (seconds: number) => ({ deadline: { finish_within_seconds: seconds } });

const NEVER_STARTED = ends("expired", 25, { error: "start_timeout", request: startBy(12) });
const NEVER_FINISHED = ends("expired", 35, {
  error: "run_timeout",
  says: ["no_news"],
  may: ["cancel_unconfirmed"],
  request: finishBy(20),
});
/** A minute of silence gives the backend up; the second attempt finds nobody until the deadline. */
const GIVEN_UP = ends("expired", 100, {
  attempt: 2,
  error: "run_timeout",
  says: ["connection_lost", "not_answering", "attempt_retried"],
  request: finishBy(75),
});

/** The server as a whole. */
export const BACKEND_CASES: readonly FaultCase[] = [
  {
    name: "backend killed and restarted",
    strike: (scene) => {
      scene.supervise(1_500);
      scene.fault({ type: "kill" });
    },
    cells: cells(RESTARTED, { queued: UNTOUCHED, leased: UNTOUCHED, connecting: UNTOUCHED, collecting: UNTOUCHED }),
  },
  {
    name: "publisher crash",
    arm: (scene) => {
      scene.supervise(800);
    },
    strike: async (scene, state) => {
      // A client id that is a list ends the process when its prompt begins (protocol §5 P1); `front` is before ours.
      const poison = ticking(RUN.steps, RUN.stepMs, randomInt(0xffffff));
      if (state === "submitted") await scene.foreignPrompt(poison, { client_id: ["somebody"], front: true });
      else scene.fault({ type: "kill" });
    },
    cells: cells(RESTARTED, {
      queued: "see backend killed and restarted",
      leased: "see backend killed and restarted",
      connecting: "see backend killed and restarted",
      collecting: "its run is over",
    }),
  },
  {
    name: "publisher crash by our own graph",
    arm: (scene) => {
      scene.supervise(800);
      scene.graph = {
        ...scene.graph,
        7: { class_type: "SendImageOnWebSocket", inputs: { images: ["5", 0], event: "" } },
      };
    },
    strike: () => {},
    cells: cells("it ends each run in the middle: see running-early", {
      "running-early": ends("failed", 40, {
        attempt: 2,
        error: "worker_lost",
        says: ["attempt_retried"],
        may: ["connection_lost", "not_answering"],
      }),
    }),
  },
  {
    name: "worker zombie",
    strike: (scene) => scene.fault({ type: "workerDeath" }),
    cells: cells(NEVER_FINISHED, {
      queued: NEVER_STARTED,
      leased: NEVER_STARTED,
      connecting: NEVER_STARTED,
      submitted: NEVER_STARTED,
      collecting: succeeds(15),
    }),
  },
  {
    name: "event loop frozen 20 s",
    strike: (scene) => {
      scene.fault({ type: "freeze", ms: 20_000 });
      scene.later(20_000, () => {});
    },
    cells: cells(succeeds(60, { may: ["not_answering", "no_news", "connection_lost"] })),
  },
  {
    name: "backend gone for good",
    strike: (scene) => scene.fault({ type: "kill" }),
    cells: cells(GIVEN_UP, {
      submitted: { ...GIVEN_UP, error: "start_timeout" },
      queued: NEVER_STARTED,
      leased: NEVER_STARTED,
      connecting: NEVER_STARTED,
      collecting: ends("failed", 110, { error: "backend_unreachable" }),
    }),
  },
  {
    name: "backend gone without a word",
    strike: (scene) => scene.tunnel.vanish(),
    cells: cells("see running-early", {
      queued: NEVER_STARTED,
      connecting: NEVER_STARTED,
      // Each look waits 15 s for its answer: the deadline comes before the minute is over.
      "running-early": ends("expired", 60, {
        error: "run_timeout",
        says: ["no_news", "not_answering"],
        request: finishBy(40),
      }),
    }),
  },
];
