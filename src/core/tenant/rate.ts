/**
 * Two counts that live in memory only, as a restart may forgive them: what was created in this minute, and the streams
 * that are open. Both are bounded whatever happens.
 */
import { minuteOf } from "./limits.ts";

/** After this a stream that was not renewed counts no more: the one that held it may have died without a word. */
export const STREAM_MS = 600_000;

/** Creations in a fixed window of one minute, of the project and of each user. */
export class CreatesThisMinute {
  #minute = 0;
  #all = 0;
  readonly #byUser = new Map<string, number>();

  count(user: string | null, now: number): number {
    if (minuteOf(now) !== this.#minute) return 0;
    return user === null ? this.#all : (this.#byUser.get(user) ?? 0);
  }

  add(user: string | null, now: number): void {
    if (minuteOf(now) !== this.#minute) {
      this.#minute = minuteOf(now);
      this.#all = 0;
      this.#byUser.clear();
    }
    this.#all += 1;
    if (user !== null) this.#byUser.set(user, (this.#byUser.get(user) ?? 0) + 1);
  }
}

/** Open streams by their id. */
export class OpenStreams {
  /** In the order of their ends, as each opening puts its stream at the end. */
  readonly #streams = new Map<string, { user: string | null; until: number }>();
  readonly #byUser = new Map<string, number>();

  has(id: string, now: number): boolean {
    this.#forget(now);
    return this.#streams.has(id);
  }

  count(user: string | null, now: number): number {
    this.#forget(now);
    return user === null ? this.#streams.size : (this.#byUser.get(user) ?? 0);
  }

  /** Opens a stream, or renews it. */
  open(id: string, user: string | null, now: number): void {
    this.close(id);
    this.#streams.set(id, { user, until: now + STREAM_MS });
    if (user !== null) this.#byUser.set(user, (this.#byUser.get(user) ?? 0) + 1);
  }

  close(id: string): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#streams.delete(id);
    if (stream.user === null) return;
    const left = (this.#byUser.get(stream.user) ?? 1) - 1;
    if (left > 0) this.#byUser.set(stream.user, left);
    else this.#byUser.delete(stream.user);
  }

  #forget(now: number): void {
    for (const [id, { until }] of this.#streams) {
      if (until > now) return;
      this.close(id);
    }
  }
}

/** Ids seen lately: what is asked for twice at once is told from what is asked for twice. The empty id is never known. */
export class RecentIds {
  readonly #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    if (id === "") return;
    if (this.#ids.size >= MAX_RECENT_IDS) this.#ids.clear();
    this.#ids.add(id);
  }
}

/** Beyond this many, all are forgotten: an upload that is forgotten is known by lying in the bucket. */
const MAX_RECENT_IDS = 10_000;
