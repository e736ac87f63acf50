/** Which time the alarm is set to. */
import { describe, expect, it } from "vitest";
import { nextAlarm } from "../../../src/core/clock/deadlines.ts";

describe("nextAlarm", () => {
  it("is the earliest of all deadlines", () => {
    expect(nextAlarm({ watch: 30, renew: 20, expire: undefined }, [25, null])).toBe(20);
    expect(nextAlarm({ watch: 30 }, [10])).toBe(10);
  });

  it("is none where there is no deadline", () => {
    expect(nextAlarm({}, [null])).toBeNull();
  });
});
