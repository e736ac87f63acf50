/** Which backend gives the next lease. */
import { describe, expect, it } from "vitest";
import { capacityState } from "../../../src/core/pool/capacity.ts";
import { answered, failed, unknownHealth } from "../../../src/core/pool/health.ts";
import { freeBackend } from "../../../src/core/pool/lease.ts";

const backends = (...ids: string[]) => ids.map((id) => ({ id, slots: 2 }));
const held = (counts: Record<string, number>) => (id: string) => counts[id] ?? 0;
const up = () => true;

describe("freeBackend", () => {
  it("[B3] gives up to the slots of each backend", () => {
    expect(freeBackend(backends("a"), up, held({ a: 1 }))).toBe("a");
    expect(freeBackend(backends("a"), up, held({ a: 2 }))).toBeNull();
    expect(freeBackend([], up, held({}))).toBeNull();
  });

  it("[B3] spreads jobs over backends, the least busy first, then as they are configured", () => {
    expect(freeBackend(backends("a", "b", "c"), up, held({ a: 1 }))).toBe("b");
    expect(freeBackend(backends("a", "b"), up, held({ a: 1, b: 1 }))).toBe("a");
  });

  it("[B4] passes over a backend that is known to be off", () => {
    expect(freeBackend(backends("a", "b"), (id) => id !== "a", held({ b: 1 }))).toBe("b");
    expect(freeBackend(backends("a"), () => false, held({}))).toBeNull();
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

describe("capacityState", () => {
  it("[B4] says what a new job would meet", () => {
    expect(capacityState({ backends: 2, up: 2, freeSlots: 1 })).toBe("ok");
    expect(capacityState({ backends: 2, up: 1, freeSlots: 1 })).toBe("degraded");
    expect(capacityState({ backends: 2, up: 1, freeSlots: 0 })).toBe("busy");
    expect(capacityState({ backends: 2, up: 0, freeSlots: 0 })).toBe("offline");
  });
});
