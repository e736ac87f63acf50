/** The client's schedule: which transport, how long to wait, and what an ending means. */
import { describe, expect, it } from "vitest";
import {
  adviceForClose,
  adviceForStatus,
  failuresAfterEnd,
  HEALTHY_MS,
  pollDelayMs,
  reconnectDelayMs,
  transportFor,
} from "../../src/client/ladder.ts";
import { CLOSE_CODES } from "../../src/contract/viewer.ts";

describe("the ladder", () => {
  it.each([
    [0, "websocket"],
    [1, "websocket"],
    [2, "sse"],
    [3, "sse"],
    [4, "long_poll"],
    [5, "long_poll"],
    [6, "poll"],
    [500, "poll"],
  ])("after %i quick failures uses %s", (failures, transport) => {
    expect(transportFor(failures)).toBe(transport);
  });

  it("leaves out what the platform has not", () => {
    const chosen = [0, 1, 2, 3, 4, 500].map((failures) => transportFor(failures, ["sse", "poll"]));
    expect(chosen).toEqual(["sse", "sse", "poll", "poll", "poll", "poll"]);
  });

  it("forgets failures only after ten seconds of health", () => {
    expect(failuresAfterEnd(3, HEALTHY_MS)).toBe(0);
    expect(failuresAfterEnd(3, HEALTHY_MS - 1)).toBe(4);
    expect(failuresAfterEnd(3, null)).toBe(4);
  });
});

describe("the delay", () => {
  it.each([
    [0, 500],
    [1, 1_000],
    [2, 2_000],
    [5, 16_000],
    [6, 20_000],
    [5_000, 20_000],
  ])("after %i failures is anywhere from nothing to %i ms", (failures, most) => {
    expect(reconnectDelayMs(failures, 0)).toBe(0);
    expect(reconnectDelayMs(failures, 0.5)).toBe(most / 2);
    expect(reconnectDelayMs(failures, 1)).toBe(most);
  });

  it("of a poll keeps to the job's wish within bounds, and is long when nobody looks", () => {
    expect(pollDelayMs(2_000, true, 0.5)).toBe(2_000);
    expect(pollDelayMs(1, true, 0.5)).toBe(1_000);
    expect(pollDelayMs(9e9, true, 0.5)).toBe(30_000);
    expect(pollDelayMs(null, true, 0.5)).toBe(5_000);
    expect(pollDelayMs(2_000, false, 0.5)).toBe(15_000);
    expect(pollDelayMs(2_000, true, 0)).toBeLessThan(pollDelayMs(2_000, true, 1));
  });
});

describe("the meaning of an ending", () => {
  it("is known for every close code of the contract and is 'again' for the network's own", () => {
    const meanings = Object.entries(CLOSE_CODES).map(([name, code]) => [name, adviceForClose(code)]);
    expect(Object.fromEntries(meanings)).toEqual({
      done: "reconnect",
      badMessage: "protocol",
      unauthenticated: "unauthenticated",
      forbidden: "forbidden",
      unknown: "unknown",
      stalled: "reconnect",
      gone: "gone",
      tooMany: "poll",
      internal: "reconnect",
    });
    for (const code of [1001, 1006, 1012, 4999]) expect(adviceForClose(code)).toBe("reconnect");
  });

  it.each([
    [204, "poll"],
    [400, "protocol"],
    [401, "unauthenticated"],
    [403, "forbidden"],
    [404, "unknown"],
    [410, "gone"],
    [429, "poll"],
    [500, "reconnect"],
    [503, "reconnect"],
  ])("of HTTP status %i is %s", (status, advice) => {
    expect(adviceForStatus(status)).toBe(advice);
  });
});
