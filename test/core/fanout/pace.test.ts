/** One unacknowledged preview per viewer. */
import { describe, expect, it } from "vitest";
import { mayPreview, noCredit, PREVIEW_INTERVAL_MS, READY_TIMEOUT_MS } from "../../../src/core/fanout/pace.ts";

const NOW = 1_000_000;

describe("mayPreview", () => {
  it("[V6] lets the first preview go at once", () => {
    expect(mayPreview(noCredit, 1, NOW)).toBe(true);
  });

  it("[V6] holds the next one back until the last was acknowledged", () => {
    const sent = { sentRev: 3, sentAt: NOW - 1_000, readyRev: 2 };
    expect(mayPreview(sent, 4, NOW)).toBe(false);
    expect(mayPreview({ ...sent, readyRev: 3 }, 4, NOW)).toBe(true);
  });

  it("[V6] takes a preview that is never acknowledged as lost", () => {
    expect(mayPreview({ sentRev: 3, sentAt: NOW - READY_TIMEOUT_MS - 1, readyRev: 2 }, 4, NOW)).toBe(true);
  });

  it("[V6] keeps previews apart", () => {
    expect(mayPreview({ sentRev: 3, sentAt: NOW - PREVIEW_INTERVAL_MS + 1, readyRev: 3 }, 4, NOW)).toBe(false);
  });

  it("[V6] never sends the same preview twice", () => {
    expect(mayPreview({ sentRev: 4, sentAt: 0, readyRev: 4 }, 4, NOW)).toBe(false);
  });
});
