/** Something in front of ComfyUI answers in its place: a login, a tunnel whose far end is down, a wrong path. */
import { cells, type Expected, ends, type FaultCase, type State, succeeds } from "../case.ts";
import type { Scene } from "../support/scene.ts";

const STATUSES = [401, 403, 404, 502, 530] as const;
const REFUSED_MS = 3_000;
const MANY = 1_000_000;

/** Those that say "you may not" are told apart from those that say "nobody is there". */
const isRefusal = (status: number): boolean => status === 401 || status === 403;
const wordsOf = (status: number): string[] => [isRefusal(status) ? "refused" : "not_answering"];

/** A 404 says that the file is gone: it is made again. */
const FILE_GONE = succeeds(25, { attempt: 2, says: ["attempt_retried"] });

function everything(status: number): FaultCase {
  const inMidRun = succeeds(25, { says: wordsOf(status), may: ["connection_lost"] });
  const atTheDoor = succeeds(25, { says: isRefusal(status) ? wordsOf(status) : [] });
  return {
    name: `${status} everywhere for 3 s`,
    strike: (scene) => {
      // Whoever has an open socket keeps it: only a new look meets the refusal.
      scene.fault({ type: "refuse", status, count: MANY }, { type: "cut" });
      scene.later(REFUSED_MS, () => scene.worker.fake.fake.clearFaults());
    },
    cells: cells(inMidRun, {
      queued: succeeds(25),
      leased: atTheDoor,
      connecting: atTheDoor,
      collecting: status === 404 ? FILE_GONE : succeeds(25),
    }),
  };
}

type Where = { name: string; path: string; method?: string; on?: "call" | "upgrade"; state: State; times: number };

/** Each call that a job makes, in the state in which it makes it. */
const CALLS: readonly Where[] = [
  { name: "the upgrade", path: "/ws", on: "upgrade", state: "connecting", times: 3 },
  { name: "GET /system_stats", path: "/system_stats", state: "connecting", times: 3 },
  { name: "POST /prompt", path: "/prompt", method: "POST", state: "connecting", times: 1 },
  { name: "GET /history", path: "/history", state: "running-late", times: 3 },
  { name: "GET /queue", path: "/queue", state: "running-late", times: 3 },
  { name: "GET /view", path: "/view", state: "running-late", times: 2 },
];

function expectedOf(where: Where, status: number): Expected {
  switch (where.name) {
    case "the upgrade":
      return succeeds(25, { may: ["no_websocket"] });
    case "POST /prompt":
      return succeeds(25, { says: isRefusal(status) ? wordsOf(status) : [] });
    case "GET /history":
      return succeeds(15, { says: wordsOf(status), may: ["connection_lost"] });
    case "GET /queue":
      return succeeds(15, { says: ["connection_lost", ...wordsOf(status)] });
    case "GET /view":
      return status === 404 ? FILE_GONE : succeeds(25);
    default:
      return succeeds(25);
  }
}

function call(where: Where, status: number): FaultCase {
  const { name, times, state, ...concerns } = where;
  return {
    name: `${status} on ${name}${times === 1 ? "" : `, ${times} times`}`,
    strike: (scene: Scene) => {
      scene.fault({ type: "refuse", status, count: times, path: concerns.path, on: concerns.on ?? "call" });
      // Without a socket it asks the queue.
      if (name === "GET /queue") scene.fault({ type: "cut" });
    },
    cells: cells(`the call is made elsewhere: see ${state}`, { [state]: expectedOf(where, status) }),
  };
}

const seconds = (startBy: number | null, finishBy: number | null) => ({
  deadline: {
    ...(startBy === null ? {} : { start_within_seconds: startBy }),
    ...(finishBy === null ? {} : { finish_within_seconds: finishBy }),
  },
});

/** The key was changed and nobody tells us. */
const FOR_GOOD: FaultCase = {
  name: "401 everywhere for good",
  strike: (scene) => scene.fault({ type: "refuse", status: 401, count: MANY }, { type: "cut" }),
  cells: cells(ends("expired", 25, { error: "start_timeout", says: ["refused"], request: seconds(12, null) }), {
    // Who has never been let near it waits for a backend that is off; the health endpoint tells the owner why.
    queued: ends("expired", 25, { error: "start_timeout", request: seconds(12, null) }),
    submitted: "see running-early",
    "running-early": ends("expired", 100, {
      attempt: 2,
      error: "run_timeout",
      says: ["connection_lost", "refused", "attempt_retried"],
      request: seconds(null, 75),
    }),
    "running-late": "see running-early",
    collecting: ends("failed", 110, { error: "backend_refused" }),
  }),
};

/** Answers that are not ComfyUI's. */
export const REFUSAL_CASES: readonly FaultCase[] = [
  FOR_GOOD,
  ...STATUSES.map(everything),
  ...CALLS.flatMap((where) => STATUSES.map((status) => call(where, status))),
];
