/**
 * `progress_state`: the map of all started nodes, repeated whole at each tick (protocol §2.4, §4). With 300 nodes it is
 * 60 kB and comes ten times a second, so it is read by hand here and not by a schema.
 */
import { isRecord } from "./json.ts";

/** How far one started node is. Inner nodes of an expanded one name the visible node they belong to. */
export type NodeProgress = {
  readonly nodeId: string;
  readonly value: number;
  readonly max: number;
  /** `running` or `finished` so far; open, since newer servers may add words. */
  readonly state: string;
  readonly displayNodeId: string | null;
  readonly parentNodeId: string | null;
  readonly realNodeId: string | null;
};

/**
 * Reads the `nodes` map; null if it is no map. An entry that is no object or has no state is left out; one whose
 * numbers are unusable counts as far as its state says: 1 of 1 when finished, else 0 of 1.
 */
export function readProgressNodes(nodes: unknown): NodeProgress[] | null {
  if (!isRecord(nodes)) return null;
  const read: NodeProgress[] = [];
  for (const key of Object.keys(nodes)) {
    const entry = nodes[key];
    if (!isRecord(entry) || typeof entry.state !== "string") continue;
    const { value, max, state } = entry;
    const usable = isFiniteNumber(value) && isFiniteNumber(max);
    read.push({
      nodeId: typeof entry.node_id === "string" ? entry.node_id : key,
      value: usable ? value : state === "finished" ? 1 : 0,
      max: usable ? max : 1,
      state,
      displayNodeId: textOrNull(entry.display_node_id),
      parentNodeId: textOrNull(entry.parent_node_id),
      realNodeId: textOrNull(entry.real_node_id),
    });
  }
  return read;
}

const isFiniteNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);
