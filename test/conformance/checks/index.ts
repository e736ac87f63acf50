/** All checks in the order of their numbers, which are those of protocol §6. */
import type { Check } from "../support/check.ts";
import { AUDIENCE_CHECKS } from "./audience.ts";
import { ERROR_CHECKS } from "./errors.ts";
import { EXPANSION_CHECKS } from "./expansion.ts";
import { FAULT_CHECKS } from "./faults.ts";
import { FILE_CHECKS } from "./files.ts";
import { FRAME_CHECKS } from "./frames.ts";
import { HISTORY_CHECKS } from "./history.ts";
import { HTTP_CHECKS } from "./http.ts";
import { INFO_CHECKS } from "./info.ts";
import { LOSS_CHECKS } from "./losses.ts";
import { PREVIEW_CHECKS } from "./previews.ts";
import { PROGRESS_CHECKS } from "./progress.ts";
import { PROMPT_CHECKS } from "./prompt.ts";
import { QUEUE_CHECKS } from "./queue.ts";
import { REFUSAL_CHECKS } from "./refusals.ts";
import { RESTART_CHECKS } from "./restarts.ts";
import { RUN_CHECKS } from "./runs.ts";
import { SOCKET_CHECKS } from "./sockets.ts";
import { VIEW_CHECKS } from "./view.ts";

/** The 74 checks. */
export const CHECKS: readonly Check[] = [
  ...HTTP_CHECKS,
  ...PROMPT_CHECKS,
  ...REFUSAL_CHECKS,
  ...QUEUE_CHECKS,
  ...HISTORY_CHECKS,
  ...FILE_CHECKS,
  ...VIEW_CHECKS,
  ...INFO_CHECKS,
  ...SOCKET_CHECKS,
  ...RUN_CHECKS,
  ...PROGRESS_CHECKS,
  ...FRAME_CHECKS,
  ...AUDIENCE_CHECKS,
  ...EXPANSION_CHECKS,
  ...LOSS_CHECKS,
  ...PREVIEW_CHECKS,
  ...ERROR_CHECKS,
  ...FAULT_CHECKS,
  ...RESTART_CHECKS,
].toSorted((a, b) => a.number - b.number);
