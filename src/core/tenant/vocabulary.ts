/**
 * What is said between the Worker, the job objects and their project's `TenantObject`: who may do what, which jobs
 * there are, what is left of the limits. Times are milliseconds since 1970.
 */
import type { Issuer, Limits, Quota, UsageRow } from "../../contract/account.ts";
import type { ErrorCode } from "../../contract/errors.ts";
import type { JobStatus } from "../../contract/job.ts";
import type { Scope } from "../../contract/scopes.ts";
import type { JobEventType } from "../../contract/webhook.ts";

/** A secret key as it is kept: never the key itself. */
export type KeyRecord = {
  id: string;
  name: string;
  mode: "live" | "test";
  /** SHA-256 of the whole key, hex. */
  hash: string;
  scopes: Scope[];
  createdAt: number;
  /** From then on it is refused; also the end of a rotation's overlap. */
  expiresAt: number | null;
  revokedAt: number | null;
  replacedBy: string | null;
};

/**
 * All that is needed to tell whether a credential holds, in one answer that the Worker keeps for a few seconds: so a
 * client token costs no look-up, and a revocation is known everywhere within that time.
 */
export type Authority = {
  project: { id: string; name: string };
  keys: KeyRecord[];
  /** Users whose tokens were revoked, and the time: tokens made at or before it are void. Older than the longest life of a token, they are dropped. */
  voidBefore: Record<string, number>;
  issuers: Issuer[];
  limits: Limits;
  userLimits: Limits;
};

/** Asks that a job be let in. The same `jobId` again is let in again, and counted once. */
export type Admission = {
  jobId: string;
  user: string | null;
  workflow: string | null;
  metadata: Record<string, string>;
  createdAt: number;
  expiresAt: number;
  /** Limits that the token brings of its own. */
  tokenLimits: Partial<Limits> | null;
  /**
   * When the token was made, for a user's (0 for one that does not tell); a revoked one is refused here even if the
   * Worker does not know yet. Null for secret keys.
   */
  tokenMadeAt: number | null;
  /** The secret key's id; a revoked one is refused too. Null for keys of the configuration and for tokens. */
  keyId: string | null;
};

export type AdmitAnswer =
  | {
      type: "admitted";
      quotas: Quota[];
      /** How many of this user's jobs may run at once (of the project's, where the job has no user); null for no limit. */
      concurrent: number | null;
      /** How many of the whole project's jobs may run at once. */
      projectConcurrent: number | null;
      /** Which events of jobs the project's endpoints want. */
      hooks: JobEventType[];
    }
  | { type: "revoked"; code: "token_revoked" | "key_revoked" }
  | Limited;

export type LimitCode = Extract<
  ErrorCode,
  "rate_limited" | "quota_exceeded" | "concurrency_limited" | "queue_full" | "too_many_streams"
>;

/** What the index holds of a job: reported by the job's object after each change of its public status, its patches and its removal. */
export type JobRecord = {
  jobId: string;
  user: string | null;
  workflow: string | null;
  status: JobStatus;
  terminal: boolean;
  /** A record with a lower `seq` than the one that is known changes nothing. */
  seq: number;
  metadata: Record<string, string>;
  createdAt: number;
  expiresAt: number;
  /** The whole job document (contract/job.ts) as JSON text when it has ended, with URLs that are renewed when it is shown. */
  doc: string | null;
  removed: "deleted" | "expired" | null;
  /** What it used, once it has ended. */
  used: { runMs: number; outputBytes: number } | null;
};

export type RecordAnswer = { hooks: JobEventType[] };

/** Who lists. `user` null sees the whole project. */
export type ListQuery = {
  user: string | null;
  status: JobStatus[] | null;
  workflow: string | null;
  metadata: Record<string, string>;
  createdAfter: number | null;
  createdBefore: number | null;
  /** Rows below this position; null from the newest on. */
  before: number | null;
  limit: number;
};

/** A row as it is listed. Without `doc` (not ended, or too large to be kept here) it is to be read from its object. */
export type ListedJob = { jobId: string; terminal: boolean; doc: string | null };

/** A page may be short, even empty, and yet have a `next`: only so many rows are looked through at a time. */
export type ListAnswer = {
  jobs: ListedJob[];
  /** Where to go on; null at the end. */
  next: number | null;
};

export type ChangesQuery = {
  user: string | null;
  /** Changes after this number; null (or 0, which is never given out) from the oldest known, those of the last 30 days. */
  after: number | null;
  limit: number;
};

export type ChangesAnswer =
  /** `jobs` and `removed` are what changed, oldest change first; `next` is where to go on, now or tomorrow. */
  | { type: "page"; jobs: ListedJob[]; removed: string[]; next: number; hasMore: boolean }
  /** What was removed since then is no longer known: everything has to be listed anew. */
  | { type: "expired" };

/** What a project is set to. */
export type ProjectSettings = {
  name: string;
  /** Null for one that was never set up: it has no rows at all. */
  createdAt: number | null;
  limits: Limits;
  userLimits: Limits;
  issuers: Issuer[];
};

/** A project that this one made. */
export type ProjectRecord = { id: string; name: string; createdAt: number };

/** `over`: the key counts no more. `last`: no key would be left that can make keys. `limit`: too many keys at once. */
export type RotateAnswer = "rotated" | "unknown" | "over" | "last" | "limit";
export type RevokeAnswer = "revoked" | "unknown" | "last";

/** A limit that lets no more in, and all that are set. */
export type Limited = { type: "limited"; code: LimitCode; quota: Quota; quotas: Quota[]; retryAfterMs: number };
export type UploadAnswer = { type: "counted"; quotas: Quota[] } | Limited;
export type StreamAnswer = { type: "opened"; quotas: Quota[] } | Limited;

export type UsageQuery = {
  /** First and last day (UTC), as in 2026-11-20; at most 400 days are kept. */
  from: string;
  to: string;
  groupBy: "day" | "user" | "workflow";
  /** Of this user alone. */
  user?: string | null;
};

/** Days rise; users and workflows come with the most jobs first, at most 1,000 of them. */
export type UsageAnswer = UsageRow[];

/** How the index stands, for the owner's eyes and for tests. */
export type TenantStats = {
  unfinished: number;
  /** Let in, and not yet heard of from their objects. */
  pending: number;
  /** The number of the latest change, and that up to which removals are forgotten. */
  newest: number;
  floor: number;
  alarmAt: number | null;
  /** Rows written since the object was started. */
  rowsWritten: number;
};
