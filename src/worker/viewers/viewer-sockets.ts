/**
 * The sockets of a job's viewers: accepted hibernatably, greeted with what they need, sent each event once encoded.
 * Conflated events keep a pace, previews one unacknowledged frame per viewer; a viewer that does not read costs no
 * memory, it is closed and told to come back.
 */
import { CLOSE_CODES, LIVE_PROTOCOL, type PreviewMode, type ViewerEvent } from "../../contract/viewer.ts";
import {
  mayPreview,
  PREVIEW_INTERVAL_MS,
  progressLeft,
  progressWaitMs,
  SLOW_BYTES,
  STALLED_BYTES,
} from "../../core/fanout/pace.ts";
import { attach, closeSocket, type KnownViewer, newViewer, type Viewer, type ViewerSpec, viewerOf } from "./viewer.ts";
import { parseViewerMessage } from "./viewer-message.ts";

/** Time between two counts of viewers. */
const COUNT_INTERVAL_MS = 2_000;

export type LatestPreview = { rev: number; bytes: Uint8Array };

/** What the sockets need of the job. */
export type ViewerPorts = {
  /** The greeting and whatever a returning viewer missed, in order. */
  welcome(spec: ViewerSpec): ViewerEvent[];
  /** The newest progress or queue place for this audience, or null. */
  conflated(spec: ViewerSpec): ViewerEvent | null;
  preview(spec: ViewerSpec, mode: PreviewMode): ViewerEvent | Uint8Array | null;
  latestPreviewRev(): number;
  counted(now: number): ViewerEvent | null;
  cancel(spec: ViewerSpec): void;
  /** A viewer has gone; told once of each. */
  left(spec: KnownViewer): void;
};

export class ViewerSockets {
  readonly #ctx: DurableObjectState;
  readonly #ports: ViewerPorts;
  readonly #viewers = new Map<WebSocket, Viewer>();
  #paidUntil = 0;
  #conflatedTimer: ReturnType<typeof setTimeout> | null = null;
  #previewTimer: ReturnType<typeof setTimeout> | null = null;
  #countTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(ctx: DurableObjectState, ports: ViewerPorts) {
    this.#ctx = ctx;
    this.#ports = ports;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    for (const socket of ctx.getWebSockets()) this.#viewers.set(socket, viewerOf(socket));
  }

  /** Viewers with a visible page; connections of the owner and of the job's user do not count. */
  get watching(): number {
    let count = 0;
    for (const { spec, visible } of this.#viewers.values()) if (spec.role === "viewer" && visible) count += 1;
    return count;
  }

  /** All open connections. */
  get size(): number {
    return this.#viewers.size;
  }

  /**
   * Accepts a viewer, who offered `protocols`, and greets it. `stop` closes it right after, for a job that has ended.
   */
  accept(spec: KnownViewer, protocols: string | null, stop: boolean): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server, [spec.role]);
    const viewer = newViewer(server, spec, true);
    attach(viewer);
    for (const event of this.#ports.welcome(spec)) this.#send(viewer, JSON.stringify(event));
    if (stop) {
      closeSocket(server, CLOSE_CODES.done, "The job has ended.");
      this.#ports.left(spec);
    } else {
      this.#viewers.set(server, viewer);
      this.#sendPreview(viewer, Date.now());
      this.#countSoon();
    }
    const offered = protocols?.split(",").some((one) => one.trim() === LIVE_PROTOCOL);
    const headers: HeadersInit = offered ? { "sec-websocket-protocol": LIVE_PROTOCOL } : {};
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  /** Sends a durable event to everyone; `encode` is called once per audience. */
  broadcast(encode: (spec: ViewerSpec) => ViewerEvent | null): void {
    this.#sendAll(encode, false);
  }

  /** There is newer progress or a newer place: it leaves now or when the pace allows. */
  conflate(): void {
    if (this.#viewers.size === 0 || this.#conflatedTimer) return;
    const waitMs = progressWaitMs(this.#paidUntil, Date.now());
    if (waitMs <= 0) return this.#flushConflated();
    this.#conflatedTimer = setTimeout(() => {
      this.#conflatedTimer = null;
      this.#flushConflated();
    }, waitMs);
  }

  /** There is a newer preview: it goes to each viewer that has read the last one. */
  previewed(): void {
    const now = Date.now();
    for (const viewer of this.#viewers.values()) this.#sendPreview(viewer, now);
    // The last picture must reach those whose pace did not allow it now.
    this.#previewTimer ??= setTimeout(() => {
      this.#previewTimer = null;
      const later = Date.now();
      for (const viewer of this.#viewers.values()) this.#sendPreview(viewer, later);
    }, PREVIEW_INTERVAL_MS + 10);
  }

  /** A message of a viewer. */
  heard(socket: WebSocket, message: string | ArrayBuffer): void {
    const viewer = this.#viewers.get(socket);
    if (!viewer) return;
    if (this.#isOver(viewer)) return;
    const parsed = parseViewerMessage(message);
    if (!parsed) return this.#drop(socket, CLOSE_CODES.badMessage, "That is not a message of this protocol.");
    switch (parsed.type) {
      case "ready":
        viewer.credit = { ...viewer.credit, readyRev: Math.max(viewer.credit.readyRev, parsed.rev) };
        return this.#sendPreview(viewer, Date.now());
      case "configure":
        if (parsed.previews) viewer.spec.previews = parsed.previews;
        return attach(viewer);
      case "visible":
        viewer.visible = parsed.value;
        attach(viewer);
        return this.#countSoon();
      case "cancel":
        if (viewer.spec.role !== "viewer" && viewer.spec.mayCancel) this.#ports.cancel(viewer.spec);
        return;
    }
  }

  /** A viewer has gone; its Close is answered, because under hibernation nobody else does. */
  closed(socket: WebSocket, code: number): void {
    this.#drop(socket, code, "");
    this.#countSoon();
  }

  /** Closes the viewers that came by a share, or all of them. */
  closeAll(code: number, reason: string, shareId: string | null = null): void {
    for (const [socket, { spec }] of this.#viewers) {
      if (shareId === null || spec.shareId === shareId) this.#drop(socket, code, reason);
    }
  }

  /** Closes the sockets of a user's tokens that were made at or before that time (ms). */
  closeUser(user: string, madeBefore: number): void {
    for (const [socket, { spec }] of this.#viewers) {
      if (spec.user !== user || (spec.madeAt !== null && spec.madeAt > madeBefore)) continue;
      this.#drop(socket, CLOSE_CODES.unauthenticated, "The token was revoked.");
    }
  }

  /** Sends a viewer away whose token is over; noticed when there is something to say, for a timer would cost more. */
  #isOver({ socket, spec }: Viewer): boolean {
    if (spec.expiresAt === null || spec.expiresAt > Date.now()) return false;
    this.#drop(socket, CLOSE_CODES.unauthenticated, "The token is over.");
    return true;
  }

  #drop(socket: WebSocket, code: number, reason: string): void {
    const viewer = this.#viewers.get(socket);
    this.#viewers.delete(socket);
    closeSocket(socket, code, reason);
    if (viewer) this.#ports.left(viewer.spec);
  }

  #flushConflated(): void {
    this.#paidUntil = progressLeft(this.#paidUntil, Date.now());
    this.#sendAll(this.#ports.conflated, true);
  }

  /** Each event is written once per audience; with a thousand viewers, whatever is done for each of them counts. */
  #sendAll(encode: (spec: ViewerSpec) => ViewerEvent | null, conflated: boolean): void {
    const texts = new Map<string, string | null>();
    for (const viewer of this.#viewers.values()) {
      let text = texts.get(viewer.audience);
      if (text === undefined) {
        const event = encode(viewer.spec);
        text = event && JSON.stringify(event);
        texts.set(viewer.audience, text);
      }
      if (text !== null) this.#send(viewer, text, conflated);
    }
  }

  #sendPreview(viewer: Viewer, now: number): void {
    const rev = this.#ports.latestPreviewRev();
    const { previews } = viewer.spec;
    if (previews === "none" || rev === 0 || !viewer.visible || !mayPreview(viewer.credit, rev, now)) return;
    if (viewer.socket.bufferedAmount > SLOW_BYTES) return;
    const event = this.#ports.preview(viewer.spec, previews);
    if (!event) return;
    // Only binary frames are acknowledged: text previews are small, and their viewers are no frame consumers.
    const readyRev = previews === "binary" ? viewer.credit.readyRev : rev;
    viewer.credit = { sentRev: rev, sentAt: now, readyRev };
    this.#send(viewer, event instanceof Uint8Array ? event : JSON.stringify(event));
  }

  /** Sends to one viewer. What is conflated is passed over where too much is unread, and made good by the next. */
  #send(viewer: Viewer, data: string | Uint8Array, conflated = false): void {
    if (this.#isOver(viewer)) return;
    try {
      const unreadBytes = viewer.socket.bufferedAmount;
      if (conflated && unreadBytes > SLOW_BYTES) return;
      if (unreadBytes > STALLED_BYTES) {
        return this.#drop(viewer.socket, CLOSE_CODES.stalled, "Reading too slowly; come back.");
      }
      viewer.socket.send(data);
    } catch {
      // It is closing; webSocketClose follows.
    }
  }

  #countSoon(): void {
    this.#countTimer ??= setTimeout(() => {
      this.#countTimer = null;
      const event = this.#ports.counted(this.watching);
      if (!event) return;
      const text = JSON.stringify(event);
      for (const viewer of this.#viewers.values()) this.#send(viewer, text);
    }, COUNT_INTERVAL_MS);
  }
}
