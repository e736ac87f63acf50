/**
 * A project's endpoints and the keys that sign: made, changed, rotated. They are few, read once when the object starts,
 * and kept in memory. Secrets leave it only in the answer that makes them, and to be signed with.
 */

import type { WebhookCreate } from "../../contract/webhook.ts";
import { JOB_EVENT_TYPES, type JobEventType, MAX_ENDPOINTS, SECRET_BYTES } from "../../contract/webhook.ts";
import { ulid } from "../../core/util/ids.ts";
import {
  type EndpointRecord,
  inForce,
  newEndpoint,
  type Rotating,
  rotatedTo,
  unrotated,
} from "../../core/webhook/endpoint-record.ts";
import { wants } from "../../core/webhook/filters.ts";
import { type KeyPair, mintKeyPair, mintSecret } from "../../core/webhook/secrets.ts";
import type { Rows } from "../tenant/rows.ts";

/** What there is of a project's own, besides its endpoints. */
type Kept = {
  /** Signs what goes to the webhooks of single jobs. */
  secret: Rotating<string>;
  /** Signs v1a. */
  pair: Rotating<KeyPair>;
  /** The service's own, as the project last called it. */
  origin: string;
};

export class EndpointBook {
  readonly #rows: Rows;
  readonly #endpoints = new Map<string, EndpointRecord>();
  readonly #kept: Partial<Kept> = {};

  constructor(rows: Rows) {
    this.#rows = rows;
    if (rows.has("endpoint")) {
      for (const { record } of rows.read<{ record: string }>("SELECT record FROM endpoint ORDER BY id")) {
        const endpoint = JSON.parse(record) as EndpointRecord;
        this.#endpoints.set(endpoint.id, endpoint);
      }
    }
    if (rows.has("webhook_key")) {
      for (const { name, value } of rows.read<{ name: string; value: string }>("SELECT name, value FROM webhook_key")) {
        Object.assign(this.#kept, { [name]: JSON.parse(value) });
      }
    }
  }

  /** Oldest first. */
  list(): EndpointRecord[] {
    return [...this.#endpoints.values()];
  }

  get(id: string): EndpointRecord | null {
    return this.#endpoints.get(id) ?? null;
  }

  /**
   * The events of jobs that any endpoint wants. One that is disabled counts too: what it misses stands in the event log,
   * from where it can be replayed.
   */
  hooks(): JobEventType[] {
    return JOB_EVENT_TYPES.filter((type) => this.list().some(({ events }) => wants(events, type)));
  }

  /** Adds an endpoint, unless there are as many as there may be. */
  add(create: WebhookCreate, now: number): EndpointRecord | "limit" {
    if (this.#endpoints.size >= MAX_ENDPOINTS) return "limit";
    const id = `whe_${ulid(now, crypto.getRandomValues(new Uint8Array(10)))}`;
    return this.save(newEndpoint(id, create, create.secret ?? freshSecret(), now));
  }

  save(record: EndpointRecord): EndpointRecord {
    this.#rows.make("endpoint", "CREATE TABLE endpoint (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID");
    this.#rows.run("INSERT OR REPLACE INTO endpoint VALUES (?, ?)", record.id, JSON.stringify(record));
    this.#endpoints.set(record.id, record);
    return record;
  }

  remove(id: string): boolean {
    if (!this.#endpoints.has(id)) return false;
    this.#rows.run("DELETE FROM endpoint WHERE id = ?", id);
    return this.#endpoints.delete(id);
  }

  /** Puts a new secret in the endpoint's; null where there is no such endpoint. */
  rotate(id: string, secret: string | undefined, overlapMs: number, now: number): EndpointRecord | null {
    const record = this.get(id);
    if (!record) return null;
    return this.save({ ...record, secret: rotatedTo(record.secret, secret ?? freshSecret(), overlapMs, now) });
  }

  /** What signs for an endpoint at the moment, or for the webhook of a single job (null). */
  keysFor(endpoint: EndpointRecord | null, now: number): { secrets: string[]; keys: string[] } {
    if (endpoint === null) return { secrets: inForce(this.defaultSecret(), now), keys: [] };
    const { pair } = this.#kept;
    const keys = endpoint.signing === "v1" || !pair ? [] : inForce(pair, now).map(({ secretKey }) => secretKey);
    return { secrets: inForce(endpoint.secret, now), keys };
  }

  /** The project's own secret; made when it is first asked for. */
  defaultSecret(): Rotating<string> {
    return this.#kept.secret ?? this.#keep("secret", unrotated(freshSecret()));
  }

  rotateDefault(secret: string | undefined, overlapMs: number, now: number): Rotating<string> {
    return this.#keep("secret", rotatedTo(this.defaultSecret(), secret ?? freshSecret(), overlapMs, now));
  }

  /** Makes sure that there is a key pair; the first call makes it. */
  async needPair(): Promise<void> {
    if (this.#kept.pair) return;
    const pair = await freshPair();
    if (!this.#kept.pair) this.#keep("pair", unrotated(pair));
  }

  /** Puts a new key pair in the old one's place. */
  async rotatePair(overlapMs: number, now: number): Promise<void> {
    const pair = await freshPair();
    this.#keep("pair", this.#kept.pair ? rotatedTo(this.#kept.pair, pair, overlapMs, now) : unrotated(pair));
  }

  /** The public keys (whpk_…) that count, the current one first; none where v1a was never asked for. */
  publicKeys(now: number): string[] {
    return this.#kept.pair ? inForce(this.#kept.pair, now).map(({ publicKey }) => publicKey) : [];
  }

  /** The service's own address, for what is sent when nobody calls. */
  get origin(): string {
    return this.#kept.origin ?? "https://easelcast.invalid";
  }

  /** Remembers it; written where it is another. */
  calledAt(origin: string): void {
    if (this.#kept.origin !== origin) this.#keep("origin", origin);
  }

  #keep<K extends keyof Kept>(name: K, value: Kept[K]): Kept[K] {
    this.#rows.make(
      "webhook_key",
      "CREATE TABLE webhook_key (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    );
    this.#rows.run("INSERT OR REPLACE INTO webhook_key VALUES (?, ?)", name, JSON.stringify(value));
    this.#kept[name] = value;
    return value;
  }
}

const freshSecret = (): string => mintSecret(crypto.getRandomValues(new Uint8Array(SECRET_BYTES.drawn)));
const freshPair = (): Promise<KeyPair> => mintKeyPair(crypto.getRandomValues(new Uint8Array(32)));
