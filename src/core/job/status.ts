/** The public word for where a job stands. */
import type { JobStatus } from "../../contract/job.ts";
import { assertNever } from "../util/assert.ts";
import type { JobState } from "./state.ts";

/** The public status. */
export function statusOf(state: Pick<JobState, "stage" | "cancel">): JobStatus {
  const { stage } = state;
  switch (stage.name) {
    case "succeeded":
    case "failed":
    case "canceled":
    case "expired":
      return stage.name;
    case "queued":
    case "connecting":
    case "submitted":
      return state.cancel ? "canceling" : "queued";
    case "running":
    case "collecting":
      return state.cancel ? "canceling" : "running";
    default:
      return assertNever(stage);
  }
}
