/**
 * What a job is asked to do: fixed at its creation, never changed. The graph itself is kept beside it (it may be
 * large); `plan` is what the machine needs to know of it. What can be changed later (metadata, priority, retention)
 * begins as it stands here and lives in the state.
 */
import type { JobId } from "../../contract/ids.ts";
import type { Priority } from "../../contract/job-requests.ts";
import type { JobTarget } from "../webhook/vocabulary.ts";

/** A node that the outputs depend on, in the words of the progress model. */
export type PlanNode = {
  id: string;
  classType: string;
  title: string | null;
  /** How often it does what it does: a sampler's steps, else 1. Learned durations are per unit. */
  units: number;
};

/** An uploaded picture and the graph slots that name it. */
export type JobImage = {
  name: string;
  uploadId: string;
  contentType: string;
  slots: [nodeId: string, input: string][];
};

export type JobSpec = {
  id: JobId;
  /** Whose index and limits it counts for; `default` for jobs that are older than projects. */
  project: string;
  /** The end user whose job it is; null for a job of a server's own. */
  user: string | null;
  /** The job of which this is a repeat. */
  rerunOf: JobId | null;
  /** How many jobs of this user may run at once; null for no limit. */
  concurrent: number | null;
  /** How many jobs of the whole project may run at once. */
  projectConcurrent: number | null;
  /** SHA-256 of the canonical request: the same id with another fingerprint is a conflict, not a replay. */
  fingerprint: string;
  /** Base URL under which this job was created; its links and media URLs are built on it. */
  origin: string;
  workflow: { id: string; version: number; name: string } | null;
  /** Normalised inputs; null for a raw graph. */
  inputs: Record<string, unknown> | null;
  seed: string | null;
  metadata: Record<string, string>;
  priority: Priority;
  images: JobImage[];
  plan: PlanNode[];
  /** Nodes whose pictures come by socket and nowhere else (SaveImageWebsocket and direct senders). */
  socketNodes: string[];
  /** Labels of direct-send nodes: node id -> the node's `event` literal. */
  labels: Record<string, string>;
  /** Whether files of ComfyUI's temp folder (PreviewImage) count as outputs. */
  keepTemporary: boolean;
  /** Size of the coming picture where the inputs tell it. */
  aspect: { width: number; height: number } | null;
  /** Groups runs of the same kind for learned durations. */
  shape: string;
  createdAt: number;
  startBy: number | null;
  finishBy: number;
  /** When the job and all its media are removed. */
  expiresAt: number;
  /** Of the key behind the job; `live` where it is not told. */
  mode?: "live" | "test";
  /** Where its events go besides the project's endpoints. */
  webhook?: JobTarget | null;
  /** Filters of the project's endpoints, all together, when the job was let in. */
  hooks?: readonly string[];
};
