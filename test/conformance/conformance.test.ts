/**
 * The conformance suite as part of the tests: the fake passes every check in every version it plays. And the suite as a
 * guest: on a server that is not its own it leaves nothing behind and touches nothing of others.
 */
import { describe, expect, it } from "vitest";
import { startFakeComfy } from "../../scripts/fake-server.ts";
import { since } from "../../src/fake/version.ts";
import { CHECKS } from "./checks/index.ts";
import { runCheck } from "./support/check.ts";
import { Client } from "./support/client.ts";
import { quick } from "./support/graphs.ts";
import { call } from "./support/http.ts";
import { FAKE_VERSIONS, findRealServer } from "./support/target.ts";

describe("the checks", () => {
  it("are the 74 of protocol §6, in order", () => {
    expect(CHECKS.map(({ number }) => number)).toEqual(Array.from({ length: 74 }, (_, i) => i + 1));
  });
});

describe.each(FAKE_VERSIONS)("the fake as ComfyUI %s", (version) => {
  for (const check of CHECKS) {
    it(`[F${check.number}] ${check.title}`, async () => {
      const outcome = await runCheck(check, { type: "fake", version });
      const exists = check.since === undefined || since(version, check.since[0]);
      expect(outcome.result, outcome.reason).toBe(exists ? "pass" : "n/a");
    });
  }
});

describe("on a server of somebody else", () => {
  it("checks that need a probe, a fault or the server for themselves are left out", async () => {
    const facts = { url: "http://127.0.0.1:1", version: "0.27.0", exclusive: false, checkpoint: "" };
    const outcomes = CHECKS.filter(({ needs }) => needs !== undefined).map((check) =>
      runCheck(check, { type: "real", facts }),
    );
    const results = new Set((await Promise.all(outcomes)).map(({ result }) => result));
    expect(results).toEqual(new Set(["n/a", "fake only"]));
  });

  it("checks clear away their prompts and leave those of others", async () => {
    const running = await startFakeComfy({ stepMs: 1, nodeMs: 5 });
    const other = await Client.open(running);
    const theirs = await other.run(quick(1));
    const target = await findRealServer(running, { exclusive: false, checkpoint: "" });
    for (const number of [7, 13, 17, 20, 45, 65]) {
      const check = CHECKS.find((each) => each.number === number);
      if (check !== undefined) expect(await runCheck(check, target)).toMatchObject({ result: "pass", reason: "" });
    }
    expect(Object.keys((await call(running, "GET", "/history")).body)).toEqual([theirs]);
    expect((await call(running, "GET", "/queue")).body).toEqual({ queue_running: [], queue_pending: [] });
    await running.close();
  });
});
