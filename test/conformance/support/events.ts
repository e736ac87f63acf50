/** ComfyUI's events and frames as the checks read them: only the fields that they look at, and no judgement. */

/** The fields of all events that are read here; each type has some of them. */
export interface EventData {
  readonly sid: string;
  readonly node: string | null;
  readonly display_node: string;
  /** By id in `progress_state`; in `execution_cached` a list of ids. */
  readonly nodes: Readonly<Record<string, NodeState>>;
  readonly node_id: string;
  readonly node_type: string;
  readonly executed: readonly string[];
  readonly exception_message: string;
  readonly exception_type: string;
  readonly traceback: readonly string[];
  readonly value: number;
  readonly max: number;
  readonly prompt_id: string;
  readonly timestamp: number;
  readonly output: Record<string, unknown> | null;
  readonly status: { readonly exec_info: { readonly queue_remaining: number } };
  readonly supports_preview_metadata: boolean;
}

/** A node in `progress_state`. */
export interface NodeState {
  readonly value: number;
  readonly max: number;
  readonly state: string;
  readonly display_node_id: string;
  readonly parent_node_id: string | null;
  readonly real_node_id: string;
}

/** A received frame: text as it came, or bytes. */
export type Frame = string | Uint8Array;

/** JSON in which `NaN` and `Infinity` may stand bare, as Python prints them: those become null. */
export function parseLoosely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.replace(/("(?:[^"\\]|\\.)*")|-?\b(?:NaN|Infinity)\b/g, (_, quoted) => quoted ?? "null"));
  }
}

/** The event in a text frame. */
export function eventOf(text: string): { type: string; data: EventData } {
  return parseLoosely(text) as { type: string; data: EventData };
}

/** A big-endian word of a frame. */
export function wordAt(frame: Uint8Array, offset: number): number {
  return Buffer.from(frame).readUInt32BE(offset);
}

/** The parts of a type 4 frame: its description and the picture. */
export function splitPreview(frame: Uint8Array): { metadata: Record<string, unknown>; image: Buffer } {
  const bytes = Buffer.from(frame);
  const end = 8 + bytes.readUInt32BE(4);
  return { metadata: JSON.parse(bytes.toString("utf8", 8, end)), image: bytes.subarray(end) };
}

/** Event type, or `frame 1`, `frame 4`. */
export function typeOf(frame: Frame): string {
  return typeof frame === "string" ? eventOf(frame).type : `frame ${wordAt(frame, 0)}`;
}
