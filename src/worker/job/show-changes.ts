/** Passes visible changes to the viewers: durable ones at once and to all, conflated ones at their pace. */
import { CLOSE_CODES } from "../../contract/viewer.ts";
import type { Change, JobState } from "../../core/job/state.ts";
import { assertNever } from "../../core/util/assert.ts";
import type { ViewerSockets } from "../viewers/viewer-sockets.ts";
import type { JobView } from "./job-view.ts";

/**
 * Shows the changes of one step: durable ones in order, then that there is newer progress, place or preview. These
 * carry the newest `seq`, so a durable event that followed one would seem old to a viewer that resumes from it.
 */
export function showChanges(
  changes: readonly { change: Change; seq: number }[],
  state: JobState,
  view: JobView,
  viewers: ViewerSockets,
): void {
  if (changes.some(({ change }) => change.type === "removed")) {
    view.latest = null;
    return viewers.closeAll(CLOSE_CODES.gone, "The job was removed.");
  }
  for (const { change, seq } of changes) {
    switch (change.type) {
      case "progress":
      case "queue":
      case "preview":
      case "removed":
        break;
      case "status":
      case "patched":
      case "output":
      case "warning":
        viewers.broadcast((spec) => view.event(state, change, seq, spec));
        break;
      case "end":
        viewers.broadcast((spec) => view.event(state, change, seq, spec));
        viewers.closeAll(CLOSE_CODES.done, "The job has ended.");
        view.latest = null;
        return;
      default:
        assertNever(change);
    }
  }
  for (const { change } of changes) {
    if (change.type === "progress" || change.type === "queue") viewers.conflate();
    if (change.type !== "preview") continue;
    view.latest = { rev: state.preview?.rev ?? 1, bytes: change.bytes.slice() };
    viewers.previewed();
  }
}
