/**
 * Who is connected, and the single publisher that sends to them: one FIFO for everybody, as in ComfyUI, including its
 * faults (protocol §2.2, P3, P4). Replies to a client go out directly and can overtake queued events.
 */
import { encodeEvent, encodePreview, encodePreviewWithMetadata, encodeText } from "./encode.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import { JsonSyntaxError, parseJson } from "./json-parse.ts";

/** The server's end of one WebSocket. */
export interface SocketSink {
  sendText(text: string): void;
  sendBytes(bytes: Uint8Array): void;
  /** A close frame with this code. */
  close(code: number, reason: string): void;
  /** The connection ends without a close frame: the client sees 1006. */
  terminate(): void;
  /** Stops reading, pings and closes included, and leaves the connection open. A shell that cannot leaves it out. */
  stall?(): void;
}

/** What a shell calls when something comes from the client. */
export interface OpenSocket {
  message(data: string | Uint8Array): void;
  closed(): void;
}

/** Something to publish; `to` null is everybody. */
export interface Outgoing {
  /** The event's type, or "binary". */
  readonly type: string;
  readonly frame: string | Uint8Array;
  readonly to: string | null;
}

const MAX_INCOMING_BYTES = 4 * 1024 * 1024;

interface Slot {
  sink: SocketSink;
  flags: JsonObject;
}

/** What the registry asks of the server. */
export interface SocketsHost {
  /** Flags for the reply to `feature_flags`. */
  serverFlags(): JsonObject;
  queueRemaining(): number;
  /** The node to name to a client that reconnects while its prompt runs, else null. */
  runningNodeOf(clientId: string): string | null;
  /** Passes, drops or multiplies an event: fault injection. */
  filter(message: Outgoing, overtaken: Outgoing[]): readonly Outgoing[];
  readonly evictionFixed: boolean;
}

/** The connected clients of one server process. */
export class Sockets {
  readonly #host: SocketsHost;
  readonly #slots = new Map<string, Slot>();
  /** Every live connection, also those that lost their slot. */
  readonly #open = new Set<SocketSink>();
  readonly #muted = new Set<SocketSink>();
  readonly #stalled = new Set<SocketSink>();
  /** Messages that wait for the next one to go first. */
  readonly #overtaken: Outgoing[] = [];
  #held: Outgoing[] | null = null;

  constructor(host: SocketsHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Registers a connection and greets it. A newer one of the same id takes the slot. */
  connect(clientId: string, sink: SocketSink): OpenSocket {
    this.#open.add(sink);
    this.#slots.set(clientId, { sink, flags: {} });
    const status = { exec_info: { queue_remaining: this.#host.queueRemaining() } };
    this.#direct(clientId, "status", { status, sid: clientId });
    const node = this.#host.runningNodeOf(clientId);
    if (node !== null) this.#direct(clientId, "executing", { node });
    let first = true;
    return {
      message: (data) => {
        if (!this.#open.has(sink) || this.#stalled.has(sink)) return;
        if (data.length > MAX_INCOMING_BYTES) return this.#end(clientId, sink, () => sink.close(1009, ""));
        const message = typeof data === "string" ? readObject(data) : null;
        if (message === null) return;
        if (first && message.type === "feature_flags") this.#setFlags(clientId, message.data);
        first = false;
      },
      closed: () => this.#end(clientId, sink, () => {}),
    };
  }

  /** Whether frames for this client carry metadata (type 4). */
  wantsMetadata(clientId: string | null): boolean {
    return clientId !== null && this.#slots.get(clientId)?.flags.supports_preview_metadata === true;
  }

  publishEvent(type: string, data: Json, to: string | null): void {
    this.publish({ type, frame: encodeEvent(type, data), to });
  }

  publishBytes(frame: Uint8Array, to: string | null): void {
    this.publish({ type: "binary", frame, to });
  }

  /** A type 1 frame. */
  publishPreview(code: number, image: Uint8Array, to: string | null): void {
    this.publishBytes(encodePreview(code, image), to);
  }

  /** A type 4 frame. */
  publishPreviewWithMetadata(metadata: Json, image: Uint8Array, to: string | null): void {
    this.publishBytes(encodePreviewWithMetadata(metadata, image), to);
  }

  /** A type 3 frame, to everybody. */
  publishText(nodeId: string, text: string): void {
    this.publishBytes(encodeText(nodeId, text), null);
  }

  publish(message: Outgoing): void {
    if (this.#held !== null) this.#held.push(message);
    else for (const passed of this.#host.filter(message, this.#overtaken)) this.#send(passed);
  }

  /** Keeps events back until `release`, as one stalled reader or a frozen loop does. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const message of held) this.publish(message);
  }

  /** Deaf sockets: all now connected stay open and get nothing any more. */
  mute(): void {
    for (const sink of this.#open) this.#muted.add(sink);
  }

  /** Half-open sockets: as `mute`, and nothing is read from them either. */
  stall(): void {
    this.mute();
    for (const sink of this.#open) {
      this.#stalled.add(sink);
      sink.stall?.();
    }
  }

  /** All connections end without a close frame. */
  terminateAll(): void {
    const open = [...this.#open];
    this.#open.clear();
    this.#slots.clear();
    for (const sink of open) sink.terminate();
  }

  #end(clientId: string, sink: SocketSink, finish: () => void): void {
    if (!this.#open.delete(sink)) return;
    const mine = this.#slots.get(clientId)?.sink === sink;
    if (mine || !this.#host.evictionFixed) this.#slots.delete(clientId);
    finish();
  }

  #setFlags(clientId: string, flags: Json | undefined): void {
    const slot = this.#slots.get(clientId);
    if (slot === undefined) return;
    slot.flags = isObject(flags) ? flags : {};
    this.#direct(clientId, "feature_flags", this.#host.serverFlags());
  }

  #direct(clientId: string, type: string, data: Json): void {
    this.#send({ type, frame: encodeEvent(type, data), to: clientId });
  }

  #send({ frame, to }: Outgoing): void {
    const slot = to === null ? undefined : this.#slots.get(to);
    const slots = to === null ? [...this.#slots.values()] : slot === undefined ? [] : [slot];
    for (const { sink } of slots) {
      if (this.#muted.has(sink)) continue;
      if (typeof frame === "string") sink.sendText(frame);
      else sink.sendBytes(frame);
    }
  }
}

/** The object in a text message, or null: anything else is ignored. */
function readObject(text: string): JsonObject | null {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : null;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}
