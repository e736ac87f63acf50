/**
 * What a step has to tell the receivers of webhooks: which events it makes, if anybody wants them. They are written
 * with the state, so a step that makes one is stored.
 */
import type { EventType } from "../../contract/webhook.ts";
import { eventTypeOf, type JobChange } from "../webhook/events.ts";
import { progressIsDue, wants } from "../webhook/filters.ts";
import { type Draft, isTerminal } from "./draft.ts";
import type { Change, JobState } from "./state.ts";
import { statusOf } from "./status.ts";

/** A change that somebody wants to know of, with its own `seq`; a result by its key. */
export type News = { seq: number } & (Exclude<JobChange, { type: "output" }> | { type: "output"; key: string });

/** Who wants to know, as last heard, and what was told. */
export type Hooks = {
  /** Filters of the project's endpoints, all together. */
  wanted: readonly string[];
  /** When progress was told last. */
  progressAt: number | null;
  /** The end is still to be told to those who want it; false once it was, or nobody wanted it. */
  endOpen: boolean;
};

/** Whether anybody wants events of this type. */
const isWanted = ({ spec, hooks }: JobState, type: EventType | null): boolean =>
  type !== null && (wants(spec.webhook?.events ?? [], type) || wants(hooks.wanted, type));

/** The project has heard of the job as it is now, and says which events its endpoints want; null where it does not. */
export function hooksHeard(d: Draft, wanted: readonly string[] | null) {
  if (wanted !== null && wanted.join() !== d.state.hooks.wanted.join()) {
    d.patch({ hooks: { ...d.state.hooks, wanted: [...wanted] } });
    d.persist = true;
  }
  const { hooks, stage } = d.state;
  if (isTerminal(stage) && hooks.endOpen && !isWanted(d.state, typeOf(endOf(d.state)))) {
    d.patch({ hooks: { ...hooks, endOpen: false } });
  }
}

/** The news of a step, in the order in which they happened. */
export function tellNews(d: Draft) {
  const { hooks, spec } = d.state;
  if (hooks.wanted.length === 0 && !spec.webhook) return;
  const made = [...started(d), ...results(d), ...progress(d), ...ended(d), ...gone(d)];
  const news = made.filter((one) => isWanted(d.state, typeOf(one)));
  if (news.some(({ type }) => type === "progress")) d.patch({ hooks: { ...d.state.hooks, progressAt: d.now } });
  if (news.length > 0) d.persist = true;
  d.news.push(...news);
}

const typeOf = (news: News): EventType | null => (news.type === "output" ? "job.output" : eventTypeOf(news));

/** The changes of a kind, with the `seq` that each of them got. */
function changesOf<T extends Change["type"]>(d: Draft, type: T) {
  const first = d.state.seq - d.changes.length + 1;
  const numbered = d.changes.map((change, index) => ({ change, seq: first + index }));
  return numbered.filter(
    (one): one is { change: Extract<Change, { type: T }>; seq: number } => one.change.type === type,
  );
}

function started(d: Draft): News[] {
  const [previous, status] = [statusOf(d.before), statusOf(d.state)];
  const begun =
    status === "running" || (previous === "queued" && d.before.startedAt === null && d.state.startedAt !== null);
  const seq = changesOf(d, "status")[0]?.seq ?? d.state.seq;
  return previous === "queued" && begun ? [{ type: "status", seq, previous, status: "running" }] : [];
}

const results = (d: Draft): News[] =>
  changesOf(d, "output").map(({ change, seq }) => ({ type: "output", seq, key: change.key }));

function progress(d: Draft): News[] {
  const [newest] = changesOf(d, "progress").slice(-1);
  if (!newest || statusOf(d.state) !== "running") return [];
  return progressIsDue(d.state.hooks.progressAt, d.now) ? [{ type: "progress", seq: newest.seq }] : [];
}

/**
 * The end, when it comes, or when the project's answer to the report of it says that somebody wants it after all: an
 * endpoint that was made while the job ran. One that is made later is not told.
 */
function ended(d: Draft): News[] {
  const { hooks, removal, stage } = d.state;
  if (!isTerminal(stage) || !hooks.endOpen || (removal && d.before.removal)) return [];
  const end = endOf(d.state);
  if (!isWanted(d.state, typeOf(end))) return [];
  d.patch({ hooks: { ...hooks, endOpen: false } });
  return [end];
}

function endOf(state: JobState): News {
  return { type: "status", seq: state.seq, previous: "running", status: statusOf(state) };
}

const gone = (d: Draft): News[] => changesOf(d, "removed").map(({ seq }) => ({ type: "deleted", seq }));
