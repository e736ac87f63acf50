import { describe, expect, it } from "vitest";
import { loadCaptures } from "../../support/captures.ts";
import { promptsOf, replay } from "../../support/replay.ts";
describe("x", () => { it("p", () => {
  for (const c of loadCaptures()) promptsOf(c).forEach((_, i) => {
    try { const s = replay(c, i);
    console.log(JSON.stringify([c.name, i, s.stage.name, "failure" in s.stage ? [s.stage.failure.code, s.stage.failure.nodeId, s.stage.failure.detail] : "", s.attempt, s.cancel?.by, s.outputs.map(o=>`${o.key}=${o.name}`).join(" "), s.warnings.map(w=>w.code).join(), s.progress.shown]));
    } catch (e) { console.log(c.name, i, String(e)); }
  });
}); });
