/** Who gets which backend. */
import { describe, expect, it } from "vitest";
import { answered, failed, unknownHealth } from "../../../src/core/pool/health.ts";
import { grants, type HeldLease, waitReason } from "../../../src/core/pool/lease.ts";

const backend = (id: string, slots = 2) => ({ id, url: `https://${id}.example`, headers: {}, slots });
const held = (backendId: string, count: number): HeldLease[] =>
  Array.from({ length: count }, (_, i) => ({ id: `${backendId}${i}`, jobName: `held${i}`, backendId, expiresAt: 9 }));
const waiting = (...names: string[]) => names.map((jobName, at) => ({ jobName, at }));
const ready = () => answered(0, "0.27.0");

describe("grants", () => {
  it("[B3] serves first come first, up to the slots of each backend", () => {
    expect(grants([backend("a")], ready, [], waiting("x", "y", "z"))).toEqual([
      { jobName: "x", backendId: "a" },
      { jobName: "y", backendId: "a" },
    ]);
  });

  it("[B3] spreads jobs over backends, the least busy first", () => {
    const made = grants([backend("a"), backend("b")], ready, held("a", 1), waiting("x", "y", "z"));
    expect(made.map((grant) => grant.backendId)).toEqual(["b", "a", "b"]);
  });

  it("[B3] grants nothing beyond the slots that are taken", () => {
    expect(grants([backend("a")], ready, held("a", 2), waiting("x"))).toEqual([]);
  });

  it("[B4] passes over a backend that is known to be off, and tries one of which nothing is known", () => {
    const health = (id: string) => (id === "a" ? failed(unknownHealth, 0, "off") : unknownHealth);
    expect(grants([backend("a"), backend("b")], health, [], waiting("x"))).toEqual([{ jobName: "x", backendId: "b" }]);
  });

  it("[B4] says offline only when every backend is", () => {
    const off = () => failed(unknownHealth, 0, "off");
    expect(waitReason([backend("a")], off)).toBe("backend_offline");
    expect(waitReason([backend("a"), backend("b")], (id) => (id === "a" ? off() : ready()))).toBe("workers_busy");
  });
});

describe("health", () => {
  it("[B4] asks a backend that is off at growing intervals, and forgets that once it answers", () => {
    let health = unknownHealth;
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      health = failed(health, 0, "off");
      waits.push(health.probeAt);
    }
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits.at(-1)).toBe(15_000);
    expect(answered(0, null).failures).toBe(0);
  });
});
