/**
 * What the page says about its own connection. It says little: the job goes on without the page, and a deploy of the
 * service drops every connection for a moment.
 */
import type { PageState } from "./state.ts";
import type { Words } from "./words.ts";

/** A small sign of life. */
export type Pulse = { tone: "none" | "waiting" | "live"; text: string };
/** A line over the page while the connection is away; `retry` offers to try at once. */
export type Notice = { text: string; retry: boolean };

/** A lost connection is mentioned only after this long, so that a deploy is no more than a flicker. */
const LOST_GRACE_MS = 3_000;

/** Whether the connection has been away long enough to be mentioned. */
export const isLost = ({ link, nowMs }: PageState) => link.type === "lost" && nowMs - link.sinceMs >= LOST_GRACE_MS;

/** The line above the headline: is this live, and how many watch? Nobody counts them once the job is over. */
export function pulseOf(state: PageState, words: Words): Pulse {
  const { watching } = state.job;
  if (state.job.terminal || state.closed) return { tone: "none", text: "" };
  const watched = watching > 0 ? words.watching(watching) : "";
  if (state.link.type === "none") return { tone: "none", text: watched };
  if (!state.online || isLost(state))
    return { tone: "waiting", text: state.online ? words.reconnecting : words.offline };
  // A connection that was never there cannot be excused as a flicker.
  const everLive = state.link.type === "live" || (state.link.type === "lost" && state.link.heardAtMs !== null);
  if (!everLive) return { tone: "waiting", text: words.connecting };
  return { tone: "live", text: [words.live, watched].filter(Boolean).join(" · ") };
}

/** The notice for `state`; null while there is nothing a person has to know, and once the job is over. */
export function noticeOf(state: PageState, words: Words): Notice | null {
  if (state.job.terminal || state.closed) return null;
  if (!state.online) return { text: words.offline, retry: false };
  if (state.link.type !== "lost" || !isLost(state)) return null;
  const { heardAtMs } = state.link;
  const text = heardAtMs === null ? words.reconnecting : words.lastUpdate(state.nowMs - heardAtMs);
  return { text, retry: true };
}
