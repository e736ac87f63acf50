/** What credentials may do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Limits, LimitsSchema, NO_LIMITS } from "../../../src/contract/account.ts";
import { CLIENT_SCOPES, SCOPES } from "../../../src/contract/scopes.ts";
import {
  scopesBeyondKey,
  scopesBeyondToken,
  strictestLimits,
  userTokenIsVoid,
  workflowAllowed,
} from "../../../src/core/auth/policy.ts";

describe("scopes", () => {
  it("[A7] of a new key are among those of the key that makes it", () => {
    expect(scopesBeyondKey(["keys:write", "jobs:read"], ["jobs:read"])).toEqual([]);
    expect(scopesBeyondKey(["keys:write"], ["jobs:read", "keys:write", "projects:write"])).toEqual([
      "jobs:read",
      "projects:write",
    ]);
  });

  it("[A7] of a token are those of apps, and others only where its maker holds them", () => {
    expect(scopesBeyondToken(["tokens:create"], CLIENT_SCOPES)).toEqual([]);
    expect(scopesBeyondToken(["tokens:create"], ["jobs:read", "graph:submit"])).toEqual(["graph:submit"]);
    expect(scopesBeyondToken(["tokens:create", "graph:submit"], ["graph:submit"])).toEqual([]);
  });

  it("[A7] are never more than was asked for", () => {
    const some = fc.subarray([...SCOPES]);
    fc.assert(
      fc.property(some, some, (held, asked) => {
        const beyond = scopesBeyondKey(held, asked);
        expect(asked).toEqual(expect.arrayContaining(beyond));
        expect(beyond.some((scope) => held.includes(scope))).toBe(false);
      }),
    );
  });
});

describe("revocation of a user's tokens", () => {
  const authority = { voidBefore: { u_1: 1_000 } };

  it("[A8] voids what was made up to that time, and nothing after it", () => {
    expect(userTokenIsVoid(authority, "u_1", 999)).toBe(true);
    expect(userTokenIsVoid(authority, "u_1", 1_000)).toBe(true);
    expect(userTokenIsVoid(authority, "u_1", 1_001)).toBe(false);
    expect(userTokenIsVoid(authority, "u_1", null)).toBe(true);
  });

  it.each(["u_2", "constructor", "__proto__", "toString"])("[A8] leaves the tokens of %s alone", (user) => {
    expect(userTokenIsVoid(authority, user, 0)).toBe(false);
    expect(userTokenIsVoid(authority, user, null)).toBe(false);
  });

  it("[A8] reaches users with odd names", () => {
    const odd: Record<string, number> = JSON.parse('{"__proto__": 5, "constructor": 5}');
    for (const user of ["__proto__", "constructor"]) expect(userTokenIsVoid({ voidBefore: odd }, user, 5)).toBe(true);
  });
});

describe("the list of workflows in a token", () => {
  it.each([
    [null, "txt2img", true],
    [null, null, true],
    [["txt2img"], "txt2img", true],
    [["txt2img"], "txt2img@3", true],
    [["txt2img@3"], "txt2img@3", true],
    [["txt2img@3"], "txt2img@4", false],
    [["txt2img@3"], "txt2img", false],
    [["txt2img"], "txt2img-turbo", false],
    [["txt2img-turbo"], "txt2img", false],
    [["txt2img"], null, false],
    [["txt2img"], "", false],
    [["txt2img"], "@txt2img", false],
    [[], "txt2img", false],
  ])("[A7] %j and %j: %s", (list, reference, allowed) => {
    expect(workflowAllowed(list, reference)).toBe(allowed);
  });
});

describe("limits", () => {
  const none = NO_LIMITS;

  it("[T3] of several the strictest holds, field by field; null limits nothing", () => {
    expect(strictestLimits()).toEqual(none);
    expect(strictestLimits(null, {}, none)).toEqual(none);
    expect(strictestLimits({ streams: 5, concurrent: 2 }, { ...none, streams: 3 }, { concurrent: null }, null)).toEqual(
      {
        ...none,
        streams: 3,
        concurrent: 2,
      },
    );
    expect(strictestLimits({ streams: 0 }, { streams: 9 }).streams).toBe(0);
  });

  it("[T3] are the same in any order, and the merge is never laxer than any of them", () => {
    const limit = fc.option(fc.nat(50));
    const names = LimitsSchema.keyof().options;
    const limits = fc.option(fc.dictionary(fc.constantFrom(...names), limit)) as fc.Arbitrary<Partial<Limits> | null>;
    fc.assert(
      fc.property(fc.array(limits), (all) => {
        const merged = strictestLimits(...all);
        expect(strictestLimits(...all.toReversed())).toEqual(merged);
        for (const name of names) {
          const set = all.flatMap((one) => (one?.[name] === undefined || one[name] === null ? [] : [one[name]]));
          expect(merged[name]).toBe(set.length === 0 ? null : Math.min(...set));
        }
      }),
    );
  });
});
