/**
 * The next state in the making. Rules change the draft by these few verbs; the state they started from stays as it
 * was. What becomes visible gets its `seq` here, so no rule can forget the counter.
 */
import { must } from "../util/assert.ts";
import type { News } from "./news.ts";
import type { Run } from "./run.ts";
import type { Change, DeadlineName, Effect, HeldFrame, JobState, Stage } from "./state.ts";
import { statusOf } from "./status.ts";

/** What a rule may know of the world besides the event: the time, and ids that nobody else has. */
export type StepContext = {
  now: number;
  uuid(): string;
  /** Whether webhooks of the job still have attempts to come. */
  undelivered?: boolean;
};

/**
 * What `step` returns: `persist` says whether this step must reach storage before anything it wishes is done, `news`
 * what is to be written with it for the receivers of webhooks.
 */
export type Step = { state: JobState; changes: Change[]; held: HeldFrame[]; news: News[]; persist: boolean };

export type StageWithRun = Extract<Stage, { run: Run }>;

/** The stay at a backend, or null where the job has none. */
export function runOf(state: JobState): Run | null {
  return "run" in state.stage ? state.stage.run : null;
}

/** True in the four stages in which nothing more can happen to the job's result. */
export function isTerminal(stage: Stage): boolean {
  return "finishedAt" in stage;
}

export class Draft {
  state: JobState;
  readonly now: number;
  readonly uuid: () => string;
  readonly changes: Change[] = [];
  readonly held: HeldFrame[] = [];
  readonly news: News[] = [];
  readonly undelivered: boolean;
  persist = false;
  /** The state that the rules started from. */
  readonly before: JobState;

  constructor(state: JobState, context: StepContext) {
    this.before = state;
    this.undelivered = context.undelivered ?? false;
    this.state = { ...state };
    this.now = context.now;
    this.uuid = () => context.uuid();
  }

  /** Replaces parts of the state. */
  patch(part: Partial<JobState>): void {
    Object.assign(this.state, part);
  }

  /** The stay at a backend; only for rules that run in a stage which has one. */
  get run(): Run {
    return must(runOf(this.state), "a run");
  }

  /** Replaces parts of the run. */
  patchRun(part: Partial<Run>): void {
    const stage = this.state.stage as StageWithRun;
    this.state.stage = { ...stage, run: { ...this.run, ...part } };
  }

  /** Enters a stage and shows it; entering is always durable. */
  enter(stage: Stage): void {
    const previous = this.state.stage.name;
    this.state.stage = stage;
    this.persist = true;
    if (previous !== stage.name) this.show({ type: "status", previous });
  }

  /** Wants something done. A wish of the same name is replaced. */
  wish(name: string, effect: Effect): void {
    this.state.effects = { ...this.state.effects, [name]: effect };
    // A look or a dial is made again by the rules after a crash, and all of a removal by its beginning; everything else
    // must be found in storage.
    if (effect.type !== "look" && effect.type !== "dial" && !this.state.removal) this.persist = true;
  }

  /** Wants something done that storage need not know of: a later try of a stored wish, or what is wished again anyway. */
  wishAgain(name: string, effect: Effect): void {
    this.state.effects = { ...this.state.effects, [name]: effect };
  }

  /** Wants the index told of the job as it will be after this step. */
  tellIndex(afterMs = 0): void {
    this.deadline("index", null);
    this.wish("index", { type: "index", nonce: this.state.seq, tries: 0, afterMs });
  }

  /** Takes a wish back, or ticks it off. */
  drop(name: string): void {
    const { [name]: gone, ...rest } = this.state.effects;
    if (!gone) return;
    this.state.effects = rest;
    // What is left of an ended job is only this: once all of it is done and stored, a restart has nothing to do again.
    const { stage, removal } = this.state;
    if (isTerminal(stage) && !removal && Object.keys(rest).length === 0) this.persist = true;
  }

  /** Sets or clears a named deadline. */
  deadline(name: DeadlineName, at: number | null): void {
    const { [name]: _old, ...rest } = this.state.deadlines;
    this.state.deadlines = at === null ? rest : { ...rest, [name]: at };
  }

  /** Makes a change visible: it gets the next `seq`. */
  show(change: Change): void {
    this.state.seq += 1;
    this.changes.push(change);
    if (change.type !== "queue" && change.type !== "progress" && change.type !== "preview") this.persist = true;
  }

  /** Tells the caller something that is not an error; once, however often it is found. */
  warn(code: string, message: string): void {
    if (this.state.warnings.some((known) => known.code === code)) return;
    const warning = { code, message };
    this.state.warnings = [...this.state.warnings, warning];
    this.show({ type: "warning", warning });
  }

  /** Counts something met in this run. */
  count(name: string): void {
    const run = runOf(this.state);
    if (run && !run.released) this.patchRun({ counts: { ...run.counts, [name]: (run.counts[name] ?? 0) + 1 } });
  }

  done(): Step {
    if (statusOf(this.before) !== statusOf(this.state)) this.tellIndex();
    const { state, changes, held, news, persist } = this;
    return { state, changes, held, news, persist };
  }
}
