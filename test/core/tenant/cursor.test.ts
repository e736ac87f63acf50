/** Cursors: where a list goes on, and nothing else. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changesScope, decodeCursor, encodeCursor, listScope } from "../../../src/core/tenant/cursor.ts";

const position = fc.nat({ max: 2 ** 48 - 1 });
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const FILTERS = {
  user: null,
  status: null,
  workflow: null,
  metadata: {},
  createdAfter: null,
  createdBefore: null,
};

describe("a cursor", () => {
  it("[T4] comes back as the position it was made from", () => {
    fc.assert(
      fc.property(position, fc.string(), fc.constantFrom("list" as const, "changes" as const), (at, scope, kind) => {
        expect(decodeCursor(encodeCursor(kind, scope, at), kind, scope)).toBe(at);
      }),
    );
  });

  it("[T4] with any character changed is refused", () => {
    fc.assert(
      fc.property(position, fc.nat({ max: 19 }), fc.nat({ max: 62 }), (at, place, step) => {
        const text = encodeCursor("list", "prj_a", at);
        const other = ALPHABET.charAt((ALPHABET.indexOf(text.charAt(place)) + step + 1) % 64);
        expect(decodeCursor(text.slice(0, place) + other + text.slice(place + 1), "list", "prj_a")).toBeNull();
      }),
    );
  });

  it("[T4] cut short, drawn out or made up is refused", () => {
    const text = encodeCursor("list", "prj_a", 7);
    for (const wrong of [text.slice(0, -1), `${text}A`, "", "AAAAAAAAAAAAAAAAAAAA", `${text.slice(0, 19)}=`, "7"]) {
      expect(decodeCursor(wrong, "list", "prj_a")).toBeNull();
    }
    fc.assert(fc.property(fc.string(), (any) => decodeCursor(any, "list", "prj_a") === null));
  });

  it("[T4] belongs to one project, one user, one kind of list and one set of filters", () => {
    const scope = listScope("prj_a", FILTERS);
    const text = encodeCursor("list", scope, 7);
    const others = [
      listScope("prj_b", FILTERS),
      listScope("prj_a", { ...FILTERS, user: "u_1" }),
      listScope("prj_a", { ...FILTERS, status: ["failed"] }),
      listScope("prj_a", { ...FILTERS, workflow: "txt2img" }),
      listScope("prj_a", { ...FILTERS, metadata: { a: "b" } }),
      listScope("prj_a", { ...FILTERS, createdAfter: 1 }),
      listScope("prj_a", { ...FILTERS, createdBefore: 1 }),
      changesScope("prj_a", { user: null }),
    ];
    expect(decodeCursor(text, "list", scope)).toBe(7);
    for (const other of others) expect(decodeCursor(text, "list", other)).toBeNull();
    expect(decodeCursor(text, "changes", scope)).toBeNull();
  });

  it("[T4] does not mind in which order filters are named", () => {
    const scope = (status: ("failed" | "queued")[], metadata: Record<string, string>) =>
      listScope("prj_a", { ...FILTERS, status, metadata });
    expect(scope(["failed", "queued"], { a: "1", b: "2" })).toBe(scope(["queued", "failed"], { b: "2", a: "1" }));
  });
});
