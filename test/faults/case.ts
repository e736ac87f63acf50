/**
 * What a row of the fault suite is made of: a fault, a state of the job in which it strikes, and what must come of it.
 * Cases are data; where a case has no meaning in a state, the cell says why.
 */
import type { JobErrorCode, JobStatus } from "../../src/contract/job.ts";
import type { Scene } from "./support/scene.ts";

/** Where the job stands when the fault strikes; states.ts brings it there. */
export const STATES = [
  "queued",
  "leased",
  "connecting",
  "submitted",
  "running-early",
  "running-late",
  "collecting",
  "delivering",
] as const;
export type State = (typeof STATES)[number];

/** The end that a row must reach. */
export type Expected = {
  status: JobStatus;
  /** Which attempt brought it. */
  attempt: number;
  error: JobErrorCode | null;
  /** Codes of warnings that must be among the job's, in any order. */
  says: readonly string[];
  /** Codes that may be there too, where it is a matter of moments. Any other is a failure. */
  may: readonly string[];
  /** Generous upper bound from the fault to the terminal event. */
  withinSeconds: number;
  /** Fields of the request over the usual ones, a deadline for example. */
  request: Readonly<Record<string, unknown>>;
};

/** A cell without a row: why the fault has no meaning there, or cannot be played. */
export type NotApplicable = string;

/** A fault, and what must come of it in each state. */
export type FaultCase = {
  readonly name: string;
  /** Sets out what must be there before the job is created. */
  readonly arm?: (scene: Scene) => Promise<void> | void;
  /** Lets it happen. */
  readonly strike: (scene: Scene, state: State) => Promise<void> | void;
  readonly cells: Readonly<Record<State, Expected | NotApplicable>>;
};

const NO_WEBHOOKS = "played in test/worker/webhook-crash.test.ts and webhook-delivery-schedule.test.ts";

/** The cells of a case; states that are not named get `otherwise`. */
export function cells(
  otherwise: Expected | NotApplicable,
  named: Partial<Record<State, Expected | NotApplicable>> = {},
): FaultCase["cells"] {
  const all = STATES.map((state) => [state, named[state] ?? otherwise] as const);
  return { ...(Object.fromEntries(all) as Record<State, Expected | NotApplicable>), delivering: NO_WEBHOOKS };
}

/** Success; in the first attempt and without a word unless told otherwise. */
export function succeeds(withinSeconds: number, more: Partial<Expected> = {}): Expected {
  return { status: "succeeded", attempt: 1, error: null, says: [], may: [], withinSeconds, request: {}, ...more };
}

/** Any other end. */
export function ends(status: JobStatus, withinSeconds: number, more: Partial<Expected>): Expected {
  return { ...succeeds(withinSeconds), status, ...more };
}
