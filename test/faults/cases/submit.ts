/** Faults of the POST that hands the prompt over. Each must lead to one run, not none and not two. */
import type { FakeFault } from "../../../src/fake/faults.ts";
import { cells, type Expected, type FaultCase, succeeds } from "../case.ts";
import type { Matches } from "../support/tunnel.ts";

const POST_PROMPT: Matches = (method, path) => method === "POST" && path === "/prompt";

const onPost = (expected: Expected) =>
  cells("the prompt was posted already", {
    queued: "it posts later: see connecting",
    leased: "it posts later: see connecting",
    connecting: expected,
  });

const posted = (name: string, fault: FakeFault): FaultCase => ({
  name,
  strike: (scene) => scene.fault(fault),
  cells: onPost(succeeds(15)),
});

/** The POST and its answer. */
export const SUBMIT_CASES: readonly FaultCase[] = [
  posted("POST answered late (3 s)", { type: "postDelay", ms: 3_000 }),
  posted("POST ends without an answer", { type: "postDrop" }),
  {
    name: "POST never answered",
    strike: (scene) => scene.tunnel.swallowAnswers(POST_PROMPT),
    cells: onPost(succeeds(30)),
  },
  posted("POST delivered twice", { type: "postTwice" }),
  posted("POST answered 500 after queueing", { type: "post500" }),
];
