/**
 * Trouble that does not end a job: a cut line, a silence, a backend that does not answer or does not let us in. Viewers see one calm
 * sentence while it lasts; the owner keeps a warning of each kind that was met.
 */
import type { Notice, NoticeCode } from "../../contract/job.ts";
import { type Draft, runOf } from "./draft.ts";
import type { JobState } from "./state.ts";
import { noticeMessage } from "./words.ts";

const WARNINGS: Record<NoticeCode, string> = {
  connection_lost: "The WebSocket to ComfyUI was cut; the run is followed by polling until it is back.",
  no_news: "The WebSocket to ComfyUI fell silent; queue and history are asked.",
  not_answering: "ComfyUI does not answer; it is asked again and again.",
  refused: "ComfyUI's address answers 401 or 403: check the headers configured for it.",
};

/** Says what the trouble is, or with null that it is over. */
export function trouble(d: Draft, code: NoticeCode | null) {
  const run = runOf(d.state);
  if (!run || run.trouble === code) return;
  d.patchRun({ trouble: code });
  if (code !== null) {
    d.count(code);
    d.warn(code, WARNINGS[code]);
  }
  d.show({ type: "status", previous: d.state.stage.name });
}

/** What viewers are told of it. */
export function noticeOf(state: JobState): Notice | null {
  const code = runOf(state)?.trouble ?? null;
  return code === null ? null : { code, message: noticeMessage(code) };
}
