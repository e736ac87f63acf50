/** The progress registry of one prompt: what `progress_state` repeats on every change (protocol §2.4, §4). */
import { type Json, PyFloat } from "./json.ts";

/** Where a node stands in relation to the prompt as the client knows it. */
export interface NodeIdentity {
  readonly display: string;
  readonly parent: string | null;
  readonly real: string;
}

interface NodeProgress {
  value: Json;
  max: Json;
  state: "running" | "finished";
}

/** Cumulative; nodes that have not started are left out. */
export class ProgressRegistry {
  readonly #promptId: string;
  readonly #nodes = new Map<string, NodeProgress>();
  readonly #identity: (id: string) => NodeIdentity;

  constructor(promptId: string, identity: (id: string) => NodeIdentity) {
    this.#promptId = promptId;
    this.#identity = identity;
  }

  start(id: string): void {
    this.#nodes.set(id, { value: new PyFloat(0), max: new PyFloat(1), state: "running" });
  }

  update(id: string, value: number, max: number): void {
    this.#nodes.set(id, { value, max, state: "running" });
  }

  /** Full bar. A node that never started (it was cached) shows ints. */
  finish(id: string): void {
    const max = this.#nodes.get(id)?.max ?? 1;
    this.#nodes.set(id, { value: max, max, state: "finished" });
  }

  /** The data of a `progress_state` event. */
  toJson(): Json {
    const nodes = new Map<string, Json>();
    for (const [id, { value, max, state }] of this.#nodes) {
      const { display, parent, real } = this.#identity(id);
      nodes.set(id, {
        value,
        max,
        state,
        node_id: id,
        prompt_id: this.#promptId,
        display_node_id: display,
        parent_node_id: parent,
        real_node_id: real,
      });
    }
    return { prompt_id: this.#promptId, nodes };
  }
}
