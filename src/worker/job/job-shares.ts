/** The share links of one job: made from a token of which only a hash is kept, opened by their secret, revoked at once. */
import { MAX_SHARES, type Share, type ShareCreate } from "../../contract/api.ts";
import { hashShareSecret, readShareToken } from "../../core/auth/share-token.ts";
import { timestamp } from "../../core/job/project.ts";
import type { JobSpec } from "../../core/job/spec.ts";
import { must } from "../../core/util/assert.ts";
import { constantTimeEqual, derivedId } from "../../core/util/ids.ts";
import type { JobStore, ShareRow } from "./job-store.ts";

export type OpenShare = { type: "open"; id: string; reveal: string[]; allowDownload: boolean };
/** What a secret finds behind the door. */
export type ShareDoor = OpenShare | { type: "unknown" } | { type: "expired" } | { type: "revoked" };

export class Shares {
  readonly #store: JobStore;
  readonly #changed: () => void;

  /** `changed` hears of each link that was made or closed: the job's document tells of them. */
  constructor(store: JobStore, changed: () => void) {
    this.#store = store;
    this.#changed = changed;
  }

  /** A link for this token, not yet stored; it never outlives the job. */
  async prepare(create: ShareCreate, token: string, now: number, jobExpiresAt: number): Promise<ShareRow> {
    const { secret } = must(readShareToken(token), "a token of our own making");
    const secretHash = await hashShareSecret(secret);
    return {
      id: await derivedId("shr", secretHash),
      secretHash,
      tokenEnd: token.slice(-4),
      label: create.label,
      reveal: create.reveal,
      allowDownload: create.allow_download,
      createdAt: now,
      expiresAt: Math.min(now + create.expires_in_seconds * 1000, jobExpiresAt),
      revokedAt: null,
    };
  }

  /** Stores a link. The returned share carries the URL, this one time. */
  add(spec: JobSpec, row: ShareRow, token: string): { type: "made"; share: Share } | { type: "limit" } {
    if (this.#store.shares().filter((share) => share.revokedAt === null).length >= MAX_SHARES) return { type: "limit" };
    this.#store.saveShare(row);
    this.#changed();
    return { type: "made", share: shareOf(row, spec.id, `${spec.origin}/s/${token}`, 0) };
  }

  list(jobId: string, viewersNow: number): Share[] {
    return this.#store.shares().map((row) => shareOf(row, jobId, null, viewersNow));
  }

  /** Closes a link; false when there is none of that id. */
  revoke(id: string, now: number): boolean {
    const row = this.#store.shares().find((share) => share.id === id);
    if (!row) return false;
    if (row.revokedAt !== null) return true;
    this.#store.saveShare({ ...row, revokedAt: now });
    this.#changed();
    return true;
  }

  /** What this secret opens. Every link is compared, in constant time. */
  async open(secret: string, now: number): Promise<ShareDoor> {
    const hash = await hashShareSecret(secret);
    let found: ShareRow | null = null;
    for (const row of this.#store.shares()) if (constantTimeEqual(row.secretHash, hash)) found = row;
    if (!found) return { type: "unknown" };
    if (found.revokedAt !== null) return { type: "revoked" };
    if (found.expiresAt <= now) return { type: "expired" };
    return { type: "open", id: found.id, reveal: found.reveal, allowDownload: found.allowDownload };
  }
}

function shareOf(row: ShareRow, jobId: string, url: string | null, viewersNow: number): Share {
  return {
    object: "share",
    id: row.id,
    job_id: jobId,
    label: row.label,
    url,
    token_end: row.tokenEnd,
    reveal: row.reveal,
    allow_download: row.allowDownload,
    expires_at: timestamp(row.expiresAt),
    revoked_at: row.revokedAt === null ? null : timestamp(row.revokedAt),
    created_at: timestamp(row.createdAt),
    viewers_now: viewersNow,
  };
}
