/** A check is data: what it is called, what it needs, how it is done. Here it is run and judged. */
import { assertNever } from "../../../src/core/util/assert.ts";
import type { FakeOptions } from "../../../src/fake/options.ts";
import { since } from "../../../src/fake/version.ts";
import { NotApplicable } from "./expect.ts";
import type { ConformanceServer } from "./server.ts";
import { openServer, type Target } from "./target.ts";

/**
 * Why a check does not run on every server: a `probe` node that only the fake has, a `fault` that only the fake can be
 * given, a server for oneself (`exclusive`), or latent `previews` and so a checkpoint.
 */
export type Need = "probe" | "fault" | "exclusive" | "previews";

/** One row of protocol §6. */
export interface Check {
  readonly number: number;
  /** The behaviour, as a sentence. */
  readonly title: string;
  readonly needs?: Need;
  /** The first release that has something to check, and what is missing before. */
  readonly since?: readonly [release: string, missing: string];
  /** Settings of the fake for this check. */
  readonly options?: Partial<FakeOptions>;
  /** Rejects with what is not as it should be. */
  run(server: ConformanceServer): Promise<void>;
}

/** How a check went. */
export interface Outcome {
  readonly result: "pass" | "fail" | "n/a" | "fake only";
  readonly ms: number;
  /** Why it failed or was left out. */
  readonly reason: string;
}

/** Why the check is not run on this target, or null. */
function obstacle(check: Check, target: Target): Pick<Outcome, "result" | "reason"> | null {
  const version = target.type === "fake" ? target.version : target.facts.version;
  if (check.since !== undefined && !since(version, check.since[0])) return { result: "n/a", reason: check.since[1] };
  const { needs } = check;
  if (target.type === "fake" || needs === undefined) return null;
  switch (needs) {
    case "probe":
      return { result: "fake only", reason: "needs a probe node" };
    case "fault":
      return { result: "fake only", reason: "needs a fault that a real server cannot be given" };
    case "exclusive":
      return target.facts.exclusive ? null : { result: "n/a", reason: "would disturb others; runs with --exclusive" };
    case "previews":
      return target.facts.checkpoint !== "" ? null : { result: "n/a", reason: "samples; runs with --checkpoint NAME" };
    default:
      return assertNever(needs);
  }
}

/** Runs one check on a server of its own; never rejects. */
export async function runCheck(check: Check, target: Target): Promise<Outcome> {
  const left = obstacle(check, target);
  if (left !== null) return { ...left, ms: 0 };
  const started = performance.now();
  const done = (result: Outcome["result"], reason: string): Outcome => {
    return { result, reason, ms: Math.round(performance.now() - started) };
  };
  try {
    const server = await openServer(target, check.options);
    try {
      await check.run(server);
      return done("pass", "");
    } finally {
      await server.close();
    }
  } catch (error) {
    if (error instanceof NotApplicable) return done("n/a", error.message);
    return done("fail", error instanceof Error ? error.message : String(error));
  }
}
