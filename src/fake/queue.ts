/**
 * The prompt queue: a binary heap with the exact moves of Python's `heapq`, because its array order is visible in
 * GET /queue and because equal (number, prompt_id) pairs make its comparison raise half-way (protocol §1.2, P2).
 */
import { type Json, type JsonObject, numberOf } from "./json.ts";

/** One prompt in the queue; `number` keeps whether it was an int or a float. */
export interface QueueItem {
  readonly number: Json;
  readonly promptId: string;
  readonly prompt: JsonObject;
  /** Null only before 0.3.68, where it kills the worker. */
  readonly extraData: JsonObject | null;
  readonly outputs: readonly string[];
}

/** Python compares two dicts when number and id are equal: TypeError. */
export class QueueTieError extends Error {}

function less(a: QueueItem, b: QueueItem): boolean {
  const x = numberOf(a.number) ?? 0;
  const y = numberOf(b.number) ?? 0;
  if (x !== y) return x < y;
  if (a.promptId !== b.promptId) return a.promptId < b.promptId;
  throw new QueueTieError("'<' not supported between instances of 'dict' and 'dict'");
}

function at(heap: readonly QueueItem[], index: number): QueueItem {
  const item = heap[index];
  if (item === undefined) throw new Error(`heap index ${index} out of range`);
  return item;
}

function siftDown(heap: QueueItem[], start: number, from: number): void {
  let position = from;
  const item = at(heap, position);
  while (position > start) {
    const parent = (position - 1) >> 1;
    if (!less(item, at(heap, parent))) break;
    heap[position] = at(heap, parent);
    position = parent;
  }
  heap[position] = item;
}

function siftUp(heap: QueueItem[], from: number): void {
  let position = from;
  const item = at(heap, position);
  let child = 2 * position + 1;
  while (child < heap.length) {
    const right = child + 1;
    if (right < heap.length && !less(at(heap, child), at(heap, right))) child = right;
    heap[position] = at(heap, child);
    position = child;
    child = 2 * position + 1;
  }
  heap[position] = item;
  siftDown(heap, from, position);
}

/** Pending and running prompts. `changed` is called where ComfyUI broadcasts `status`. */
export class PromptQueue {
  #pending: QueueItem[] = [];
  #running: QueueItem | null = null;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get pending(): readonly QueueItem[] {
    return this.#pending;
  }

  get running(): QueueItem | null {
    return this.#running;
  }

  /** Pending and running together. */
  get remaining(): number {
    return this.#pending.length + (this.#running === null ? 0 : 1);
  }

  /** Adds a prompt. Throws `QueueTieError` with the prompt already in the heap, as heapq does. */
  put(item: QueueItem): void {
    this.#pending.push(item);
    siftDown(this.#pending, 0, this.#pending.length - 1);
    this.#changed();
  }

  /** Takes the next prompt to run, or null. Throws `QueueTieError` with the taken prompt lost. */
  take(): QueueItem | null {
    const last = this.#pending.pop();
    if (last === undefined) return null;
    let next = last;
    if (this.#pending.length > 0) {
      next = at(this.#pending, 0);
      this.#pending[0] = last;
      siftUp(this.#pending, 0);
    }
    this.#running = next;
    this.#changed();
    return next;
  }

  /** The running prompt is over. The caller tells of the change after it has written history. */
  done(): void {
    this.#running = null;
    this.#changed();
  }

  /** Removes one pending prompt. True if there was one. */
  delete(promptId: string): boolean {
    const index = this.#pending.findIndex((item) => item.promptId === promptId);
    if (index === -1) return false;
    if (this.#pending.length === 1) {
      this.clear();
    } else {
      this.#pending.splice(index, 1);
      for (let i = (this.#pending.length >> 1) - 1; i >= 0; i--) siftUp(this.#pending, i);
    }
    this.#changed();
    return true;
  }

  /** Removes all pending prompts. */
  clear(): void {
    this.#pending = [];
    this.#changed();
  }
}
