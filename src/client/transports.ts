/**
 * The three ways to hear of a job behind one interface: a WebSocket, a fetched event stream, and polling the state.
 * Each reports what it heard and ends exactly once with an advice; when to try again is decided in live.ts.
 */
import type { LIVE_PROTOCOL, PreviewMode, ViewerEvent, ViewerMessage } from "../contract/viewer.ts";
import { type AnyJob, decodeEvent, decodePreviewFrame, looksLikeJob, type PreviewFrame } from "./decode.ts";
import {
  type Advice,
  adviceForClose,
  adviceForStatus,
  POLL_SESSION_MS,
  pollDelayMs,
  SILENCE_MS,
  type Transport,
} from "./ladder.ts";
import type { LivePorts } from "./ports.ts";
import { createSseReader } from "./sse.ts";

const PROTOCOL: typeof LIVE_PROTOCOL = "easel.live.v1";

/** One connection to be made. `after` is the newest `seq` the client has, null for a fresh start. */
export type SessionRequest = {
  eventsUrl: string;
  stateUrl: string;
  after: number | null;
  previews: PreviewMode;
  isVisible(): boolean;
  ports: LivePorts;
};

/** What a session reports. `onHeard` comes with every sign of life, whatever it carried. */
export type SessionHandlers<J extends AnyJob> = {
  onOpen(): void;
  onHeard(): void;
  onEvent(event: ViewerEvent<J>): void;
  onFrame(frame: PreviewFrame): void;
  onJob(job: J): void;
  onEnd(advice: Advice): void;
};

/** A session under way. `say` and `ping` do nothing where the transport has no way back. `close` reports nothing. */
export type Session = { say(message: ViewerMessage): void; ping(): void; close(): void };

/** Opens a session over `transport`. Its handlers are never called before this returns. */
export function openSession<J extends AnyJob>(
  transport: Transport,
  request: SessionRequest,
  handlers: SessionHandlers<J>,
): Session {
  switch (transport) {
    case "websocket":
      return openWebSocket(request, handlers);
    case "sse":
      return openEventStream(request, handlers);
    case "poll":
      return openPolling(request, handlers);
  }
}

function streamUrl(request: SessionRequest, previews: PreviewMode): string {
  const url = new URL(request.eventsUrl);
  url.searchParams.set("previews", previews);
  if (request.after !== null) url.searchParams.set("after", String(request.after));
  return url.href;
}

function openWebSocket<J extends AnyJob>(request: SessionRequest, handlers: SessionHandlers<J>): Session {
  let closed = false;
  const url = streamUrl(request, request.previews).replace(/^http/, "ws");
  const socket = request.ports.openSocket(url, PROTOCOL, {
    onOpen: () => {
      if (!closed) handlers.onOpen();
    },
    onMessage: (data) => {
      if (closed) return;
      handlers.onHeard();
      if (typeof data === "string") {
        const event = decodeEvent<J>(data);
        if (event) handlers.onEvent(event);
      } else {
        const frame = decodePreviewFrame(data);
        if (frame) handlers.onFrame(frame);
      }
    },
    onClose: (code) => {
      if (!closed) handlers.onEnd(adviceForClose(code));
      closed = true;
    },
  });
  return {
    say: (message) => socket.send(JSON.stringify(message)),
    ping: () => socket.send("ping"),
    close: () => {
      closed = true;
      socket.close();
    },
  };
}

function openEventStream<J extends AnyJob>(request: SessionRequest, handlers: SessionHandlers<J>): Session {
  const abort = new AbortController();
  const read = async (): Promise<Advice> => {
    // The stream has no way for credit, so bytes never travel in it: the viewer fetches what it wants to show.
    const url = streamUrl(request, request.previews === "none" ? "none" : "url");
    const response = await request.ports.fetch(url, {
      headers: { accept: "text/event-stream" },
      signal: abort.signal,
    });
    if (response.status !== 200 || !response.body) return adviceForStatus(response.status);
    handlers.onOpen();
    const nextEvents = createSseReader();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done && !abort.signal.aborted; part = await reader.read()) {
      handlers.onHeard();
      for (const data of nextEvents(decoder.decode(part.value, { stream: true }))) {
        const event = decodeEvent<J>(data);
        if (event && !abort.signal.aborted) handlers.onEvent(event);
      }
    }
    return { type: "reconnect" };
  };
  settle(read, abort.signal, handlers);
  return { say: () => {}, ping: () => {}, close: () => abort.abort() };
}

function openPolling<J extends AnyJob>(request: SessionRequest, handlers: SessionHandlers<J>): Session {
  const { ports } = request;
  const abort = new AbortController();
  const startedAtMs = ports.nowMs();
  let etag = request.after === null ? null : `W/"${request.after}"`;
  let askedMs: number | null = null;

  const poll = async (): Promise<Advice | null> => {
    const headers: Record<string, string> = { accept: "application/json" };
    if (etag !== null) headers["if-none-match"] = etag;
    const cancelTimeout = ports.after(SILENCE_MS, () => abort.abort("timeout"));
    try {
      const response = await ports.fetch(request.stateUrl, { headers, signal: abort.signal });
      if (response.status !== 304) {
        if (response.status !== 200) return adviceForStatus(response.status);
        const job: unknown = await response.json();
        if (!looksLikeJob(job)) return { type: "reconnect" };
        etag = response.headers.get("etag") ?? etag;
        askedMs = (job as J).poll_after_ms ?? null;
        handlers.onHeard();
        handlers.onJob(job as J);
      } else {
        handlers.onHeard();
      }
    } finally {
      cancelTimeout();
    }
    return ports.nowMs() - startedAtMs >= POLL_SESSION_MS ? { type: "reconnect" } : null;
  };

  const run = async (): Promise<Advice> => {
    for (;;) {
      const advice = await poll();
      if (advice || abort.signal.aborted) return advice ?? { type: "reconnect" };
      const pauseMs = pollDelayMs(askedMs, request.isVisible(), ports.random());
      await new Promise<void>((resolve) => {
        const cancel = ports.after(pauseMs, resolve);
        abort.signal.addEventListener("abort", () => {
          cancel();
          resolve();
        });
      });
    }
  };
  settle(run, abort.signal, handlers);
  return { say: () => {}, ping: () => {}, close: () => abort.abort() };
}

/** Runs `read` and reports its advice; a fault of the network means: again. A session closed by its owner is silent. */
function settle<J extends AnyJob>(
  read: () => Promise<Advice>,
  signal: AbortSignal,
  handlers: SessionHandlers<J>,
): void {
  const end = (advice: Advice) => {
    if (!signal.aborted || signal.reason === "timeout") handlers.onEnd(advice);
  };
  // Through a resolved promise, so that no handler runs before the session has been returned.
  Promise.resolve()
    .then(read)
    .then(end, () => end({ type: "reconnect" }));
}
