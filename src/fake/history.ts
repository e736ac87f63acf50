/** Finished prompts and the paging of GET /history (protocol §1.5). In memory only: a restart loses it. */
import type { Json, JsonObject } from "./json.ts";
import type { QueueItem } from "./queue.ts";

/** One finished prompt. `messages` are the events that were recorded, whatever was sent. */
export interface HistoryEntry {
  readonly item: QueueItem;
  readonly outputs: ReadonlyMap<string, Json>;
  readonly meta: ReadonlyMap<string, Json>;
  readonly succeeded: boolean;
  readonly messages: readonly (readonly [string, JsonObject])[];
}

const MAX_ENTRIES = 10_000;
const SECRETS: readonly string[] = ["auth_token_comfy_org", "api_key_comfy_org"];

/** The `extra_data` of a request as it may be shown: history never shows the secrets. */
export function withoutSecrets(extra: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(extra).filter(([key]) => !SECRETS.includes(key)));
}

/** The prompt as GET /queue and history show it. */
export function queueTuple(item: QueueItem): Json {
  return [item.number, item.promptId, item.prompt, item.extraData, item.outputs];
}

/** The entry as GET /history shows it. */
export function historyJson(entry: HistoryEntry): Json {
  return {
    prompt: queueTuple(entry.item),
    outputs: entry.outputs,
    status: statusJson(entry),
    meta: entry.meta,
  };
}

/** The `status` of an entry. */
export function statusJson(entry: HistoryEntry): Json {
  return {
    status_str: entry.succeeded ? "success" : "error",
    completed: entry.succeeded,
    messages: entry.messages,
  };
}

/** Entries by prompt id, oldest first. */
export class History {
  readonly #entries = new Map<string, HistoryEntry>();

  /** Writes an entry; an older one of the same id keeps its place and is overwritten. */
  write(entry: HistoryEntry): void {
    const oldest = this.#entries.keys().next();
    if (this.#entries.size >= MAX_ENTRIES && !oldest.done) this.#entries.delete(oldest.value);
    const { extraData } = entry.item;
    const item = { ...entry.item, extraData: extraData && withoutSecrets(extraData) };
    this.#entries.set(item.promptId, { ...entry, item });
  }

  get(promptId: string): HistoryEntry | undefined {
    return this.#entries.get(promptId);
  }

  all(): readonly HistoryEntry[] {
    return [...this.#entries.values()];
  }

  delete(promptId: string): void {
    this.#entries.delete(promptId);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** A page. Without an offset the newest `maxItems`; the odd results of 0 and negative values are ComfyUI's. */
  page(maxItems: number | null, offset: number): ReadonlyMap<string, Json> {
    const first = offset < 0 && maxItems !== null ? this.#entries.size - maxItems : offset;
    const out = new Map<string, Json>();
    let index = 0;
    for (const [id, entry] of this.#entries) {
      if (index >= first) {
        out.set(id, historyJson(entry));
        if (maxItems !== null && out.size >= maxItems) break;
      }
      index++;
    }
    return out;
  }
}
