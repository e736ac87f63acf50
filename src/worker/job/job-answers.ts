/** What a job's object answers to the Worker. */
import type { Share } from "../../contract/api.ts";
import type { Priority } from "../../contract/job-requests.ts";
import type { Removal } from "../../core/job/state.ts";

/** There is no job for this caller: none at all or another user's, one whose time was over, one that was deleted. */
export type Absent = { type: "unknown" } | { type: "erased" } | { type: "deleted" };

/** A job on its way to a caller: the document as JSON text, and what the Worker needs to know of it. */
export type Shown = { type: "found"; json: string; seq: number; terminal: boolean; pollAfterMs: number | null };

export type CreateAnswer =
  | { type: "created" | "replayed"; job: Shown; share: Share | null }
  | { type: "conflict" }
  /** The same request made a job that is gone. */
  | { type: "removed"; why: Removal["why"] };

export type ReadAnswer = Shown | Absent;

/** `not_queued`: the priority no longer counts, and nothing was changed. */
export type PatchAnswer = Shown | Absent | { type: "not_queued" };

export type RemoveAnswer = Absent;

/** What a job was asked to do, for another one like it. */
export type FirstRequest = {
  type: "found";
  /** As `id@version`; null for a raw graph. */
  workflow: string | null;
  /** Normalised, the seed in use among them; null for a raw graph. */
  inputs: Record<string, string | number | boolean> | null;
  /** A raw graph as exact JSON text; null for a workflow. */
  graph: string | null;
  keepTemporary: boolean;
  metadata: Record<string, string>;
  priority: Priority;
  user: string | null;
  terminal: boolean;
};
