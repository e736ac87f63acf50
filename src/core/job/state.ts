/**
 * The whole vocabulary of a job on one screen: where it can stand, what can happen to it, what it may want done.
 *
 * Effects are wishes kept in the state under a name. The shell performs each outstanding wish, whenever it was made,
 * and reports back by an event; the machine then removes or renews it. After a crash the outstanding wishes are
 * simply performed again, so each must be idempotent. A wish that is no longer in the state is to be dropped.
 */
import type { JobErrorCode, QueueReason, Warning } from "../../contract/job.ts";
import type { Priority } from "../../contract/job-requests.ts";
import type { ComfyEvent } from "../comfy/events.ts";
import type { Hooks } from "./news.ts";
import type { ProgressModel } from "./progress.ts";
import type { Run } from "./run.ts";
import type { JobSpec } from "./spec.ts";

export type Lease = { id: string; backendId: string; expiresAt: number };

/** What went wrong with the outside world, told apart as far as the wire tells it. */
export type Fault =
  | { kind: "unreachable"; detail: string }
  | { kind: "refused"; status: number }
  | { kind: "http"; status: number; detail: string }
  | { kind: "timeout" }
  | { kind: "not_found" }
  | { kind: "too_large"; sizeBytes: number }
  | { kind: "storage"; detail: string }
  | { kind: "frame_lost" }
  | { kind: "input"; detail: string };

/** Why a job did not succeed. `detail` is for the developer and carries no path, prompt or stack. */
export type Failure = {
  code: JobErrorCode;
  detail: string;
  nodeId: string | null;
  classType: string | null;
  input: string | null;
};

/** A result that ComfyUI announced; `key` is the same whether it was heard by socket or read in the history. */
export type Wanted = {
  key: string;
  nodeId: string;
  position: number;
  source:
    | { type: "file"; filename: string; subfolder: string; folder: string }
    | { type: "text"; text: string }
    | { type: "http"; remoteId: string }
    | { type: "frame"; contentType: string };
  hint: string;
  temporary: boolean;
};

/** A result that lies in storage. */
export type Stored = {
  id: string;
  key: string;
  index: number;
  nodeId: string;
  name: string;
  label: string | null;
  type: "image" | "animated" | "video" | "audio" | "text" | "model" | "file";
  temporary: boolean;
  contentType: string;
  sizeBytes: number;
  width: number | null;
  height: number | null;
  durationMs: number | null;
  sha256: string;
  text: string | null;
  /** True where a copy without prompt and workflow can be served (see core/artifact). */
  cleanable: boolean;
};

export type Stage =
  | { name: "queued" }
  | { name: "connecting"; run: Run }
  | { name: "submitted"; run: Run }
  | { name: "running"; run: Run }
  | { name: "collecting"; run: Run; ending: Ending }
  | { name: "succeeded"; finishedAt: number }
  | { name: "failed"; finishedAt: number; failure: Failure }
  | { name: "canceled"; finishedAt: number }
  | { name: "expired"; finishedAt: number; failure: Failure };

/** How the run ended at the backend; the job ends so once nothing more is on its way into storage. */
export type Ending = { type: "success" } | { type: "failure"; failure: Failure };

export type QueuePlace = {
  position: number | null;
  ahead: number | null;
  reason: QueueReason;
  estStartMs: number | null;
};

/** The picture last seen in the making; its bytes stay with the shell. */
export type PreviewInfo = {
  rev: number;
  contentType: string;
  width: number | null;
  height: number | null;
  sizeBytes: number;
  nodeId: string | null;
  step: number | null;
  steps: number | null;
};

/**
 * The way out of a job: deleted by its owner, or its time is over. Nothing is shown of it any more; its media go, then
 * its rows, but not before the index was told.
 */
export type Removal = {
  at: number;
  why: "deleted" | "expired";
  /** The index has heard of it. */
  told: boolean;
  /** Its media are gone. */
  cleared: boolean;
};

export type JobState = {
  spec: JobSpec;
  seq: number;
  stage: Stage;
  metadata: Record<string, string>;
  priority: Priority;
  /** When the job and all its media are removed. */
  expiresAt: number;
  removal: Removal | null;
  attempt: number;
  /** Leases given back without a submitted prompt, since the last run. */
  fruitlessLeases: number;
  /** Leases given back: a grant of one of them that comes again, or late, is not taken up. */
  spentLeases: string[];
  /** The backend and prompt of the last stay that is over. */
  lastRun: { backendId: string; promptId: string | null } | null;
  queue: QueuePlace | null;
  progress: ProgressModel;
  preview: PreviewInfo | null;
  outputs: Stored[];
  /** Announced and not yet stored, by key. */
  wanted: Record<string, Wanted>;
  /** Results whose way into storage was broken off: part of them may lie there. */
  abandoned: string[];
  /** Nodes whose results cannot be had from this run: a deleted cached file, a socket picture that was missed. */
  missing: string[];
  /** Nodes to be submitted with a changed input, so that ComfyUI makes their files anew (protocol P9). */
  bust: string[];
  warnings: Warning[];
  cancel: { requestedAt: number; by: string; reason: string | null } | null;
  startedAt: number | null;
  /** What webhooks are told. */
  hooks: Hooks;
  effects: Record<string, Effect>;
  deadlines: Partial<Record<DeadlineName, number>>;
};

export type DeadlineName =
  | "ask"
  | "start_by"
  | "finish_by"
  | "watch"
  | "renew"
  | "cancel_give_up"
  | "expire"
  /** The index is told again: it did not hear for a while. */
  | "index";

export type Effect =
  | { type: "request_lease"; afterMs: number; tries: number }
  | { type: "withdraw"; tries: number; afterMs: number }
  | {
      type: "release_lease";
      leaseId: string;
      outcome: LeaseOutcome;
      /** What the run met, by name: the pool adds it to its counters. */
      counts: Record<string, number>;
      tries: number;
      afterMs: number;
    }
  | { type: "renew_lease"; leaseId: string; tries: number; afterMs: number }
  | { type: "dial"; connection: number; clientId: string; backendId: string; afterMs: number }
  | { type: "upload"; backendId: string; name: string; uploadId: string; tries: number; afterMs: number }
  | {
      type: "submit";
      backendId: string;
      promptId: string;
      clientId: string;
      uploads: Record<string, string>;
      bust: string[];
    }
  | { type: "look"; backendId: string; promptId: string; afterMs: number; nonce: number }
  | {
      type: "cancel_run";
      backendId: string;
      promptId: string;
      comfyVersion: string | null;
      afterMs: number;
      tries: number;
    }
  | { type: "store"; backendId: string; wanted: Wanted; index: number; tries: number; afterMs: number }
  /** Removes what may have been stored of results that the ended job does not have, or of all of a removed one's. */
  | { type: "discard"; keys: string[]; tries: number; afterMs: number }
  /** Reports the job as it is then to its project's index. `nonce` tells a report from an older one under way. */
  | { type: "index"; nonce: number; tries: number; afterMs: number }
  /** Removes all rows but the memory that there was a job; nothing follows. */
  | { type: "erase" };

/** What became of a stay at a backend; the pool judges the backend's health and learns durations from it. */
export type LeaseOutcome =
  | { type: "finished"; nodeMs: Record<string, number>; runMs: number | null }
  | { type: "unused" }
  | { type: "unreachable" }
  | { type: "lost" };

/** What a look at the backend found of a prompt. */
export type Found =
  | { type: "ended"; outcome: RunOutcome }
  | { type: "running" }
  | { type: "pending"; position: number }
  | { type: "absent" }
  | { type: "unreachable"; fault: Fault };

/** How a history entry says that a run ended (protocol §1.5), with its outputs. */
export type RunOutcome = {
  result: "success" | "error" | "interrupted" | "unknown";
  failure: Failure | null;
  wanted: Wanted[];
};

export type SubmitReply =
  | { type: "accepted"; nodeErrors: Failure | null }
  | { type: "rejected"; failure: Failure }
  | { type: "unknown"; fault: Fault };

export type JobEvent =
  | { type: "created" }
  | { type: "revived" }
  | { type: "alarm" }
  | { type: "cancel_requested"; by: string; reason: string | null }
  | { type: "remove_requested"; by: "deleted" }
  /** The owner changes what may be changed; null leaves it as it is. */
  | { type: "patched"; metadata: Record<string, string> | null; priority: Priority | null; expiresAt: number | null }
  | { type: "lease_granted"; lease: Lease; learned: Learned | null }
  | { type: "lease_lost"; leaseId: string }
  | { type: "queue_place"; place: QueuePlace }
  | { type: "socket_opened"; connection: number; comfyVersion: string | null }
  | { type: "socket_failed"; connection: number; fault: Fault; httpAnswers: boolean }
  | { type: "socket_closed"; connection: number }
  | { type: "comfy"; connection: number; event: ComfyEvent }
  | { type: "uploaded"; name: string; storedName: string }
  | { type: "upload_failed"; name: string; fault: Fault }
  | { type: "submit_answered"; promptId: string; reply: SubmitReply }
  | { type: "looked"; promptId: string; found: Found }
  | { type: "cancel_tried"; promptId: string }
  | { type: "output_stored"; key: string; stored: Omit<Stored, "index" | "key"> }
  | { type: "output_failed"; key: string; fault: Fault }
  | { type: "discarded"; ok: boolean }
  /** The index was told by the report of that nonce, or could not be reached. */
  | {
      type: "indexed";
      nonce: number;
      ok: boolean;
      /** Filters of the project's endpoints, all together; null where it did not say. */
      hooks?: readonly string[] | null;
    }
  /** No webhook of the job has attempts to come any more. */
  | { type: "delivered" }
  /** The pool answered (or did not): the wish of that name is done, or to be made again. */
  | { type: "pool_answered"; effect: string; ok: boolean };

/** Durations of earlier runs of this shape on this backend: per node, and how many runs they come from. */
export type Learned = { nodeMs: Record<string, number>; samples: number };

/** A change that viewers see. Those marked durable in core/fanout are kept and replayed. */
export type Change =
  | { type: "status"; previous: Stage["name"] }
  | { type: "queue" }
  | { type: "progress" }
  | { type: "preview"; bytes: Uint8Array }
  | { type: "output"; key: string }
  | { type: "warning"; warning: Warning }
  | { type: "end" }
  /** Metadata, priority or retention were changed. */
  | { type: "patched" }
  /** The job is gone: whoever watches is sent away. */
  | { type: "removed" };

/** A picture that came by socket and must be held in memory until its `store` wish is done. */
export type HeldFrame = { key: string; bytes: Uint8Array };
