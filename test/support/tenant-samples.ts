/** Jobs, records, queries and keys as a project's object is given them. */
import type { Admission, JobRecord, KeyRecord, ListQuery } from "../../src/core/tenant/vocabulary.ts";

let jobs = 0;

/** A job that asks to be let in. */
export function admission(fields: Partial<Admission> = {}): Admission {
  const now = Date.now();
  return {
    jobId: `job_${String(++jobs).padStart(26, "0")}`,
    user: null,
    workflow: "txt2img",
    metadata: {},
    createdAt: now,
    expiresAt: now + 86_400_000,
    tokenLimits: null,
    tokenMadeAt: null,
    keyId: null,
    ...fields,
  };
}

/** What the job's object says of it. A terminal one has used a second of the GPU and made a kilobyte. */
export function recordOf(job: Admission, fields: Partial<JobRecord> = {}): JobRecord {
  const terminal = fields.terminal ?? ["succeeded", "failed", "canceled", "expired"].includes(fields.status ?? "");
  return {
    jobId: job.jobId,
    user: job.user,
    workflow: job.workflow,
    status: "queued",
    terminal,
    seq: 1,
    metadata: job.metadata,
    createdAt: job.createdAt,
    expiresAt: job.expiresAt,
    doc: terminal ? JSON.stringify({ id: job.jobId, status: fields.status }) : null,
    removed: null,
    used: terminal ? { runMs: 1_000, outputBytes: 1_024 } : null,
    ...fields,
  };
}

/** A list of everything, and with `fields` of less. */
export const listing = (fields: Partial<ListQuery> = {}): ListQuery => ({
  user: null,
  status: null,
  workflow: null,
  metadata: {},
  createdAfter: null,
  createdBefore: null,
  before: null,
  limit: 100,
  ...fields,
});

/** A secret key that may do all, and with `fields` less. */
export const keyRecord = (id: string, fields: Partial<KeyRecord> = {}): KeyRecord => ({
  id: `key_${id.padStart(26, "0")}`,
  name: id,
  mode: "test",
  hash: "0".repeat(64),
  scopes: ["jobs:create", "keys:write"],
  createdAt: Date.now(),
  expiresAt: null,
  revokedAt: null,
  replacedBy: null,
  ...fields,
});
