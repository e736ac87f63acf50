/**
 * The ways to hear of a job behind one interface: a WebSocket, a fetched event stream, and polling the state, held or not.
 * Each reports what it heard and ends exactly once with an advice; when to try again is decided in follow-with.ts.
 */
import type { LIVE_PROTOCOL, PreviewMode } from "../contract/viewer.ts";
import { pause } from "./clock.ts";
import { type AnyJob, looksLikeJob, type PreviewFrame } from "./decode.ts";
import {
  type Advice,
  adviceForClose,
  adviceForStatus,
  HOLD_SECONDS,
  POLL_SESSION_MS,
  pollDelayMs,
  SILENCE_MS,
  type Transport,
} from "./ladder.ts";
import type { LivePorts } from "./ports.ts";
import { createSseReader } from "./sse.ts";

/** One connection to be made. `after` is the newest `seq` the client has, null for a fresh start. */
export type SessionRequest = {
  eventsUrl: string;
  stateUrl: string;
  after: number | null;
  previews: PreviewMode;
  isVisible(): boolean;
  ports: LivePorts;
};

/** What a session reports. `onHeard` comes with every sign of life, whatever it carried; `onText` with an event, not yet read. */
export type SessionHandlers<J extends AnyJob> = {
  onOpen(): void;
  onHeard(): void;
  onText(text: string): void;
  onFrame(frame: PreviewFrame): void;
  onJob(job: J): void;
  onEnd(advice: Advice): void;
};

/** A session under way. `send` does nothing where the transport has no way back. `close` reports nothing. */
export type Session = { send(text: string): void; close(): void };

/** Opens a session over `transport`. Its handlers are never called before this returns. */
export function openSession<J extends AnyJob>(
  transport: Transport,
  request: SessionRequest,
  handlers: SessionHandlers<J>,
): Session {
  if (transport === "websocket") return openWebSocket(request, handlers);
  return asSession(handlers, (signal) =>
    transport === "sse"
      ? readEvents(request, handlers, signal)
      : poll(request, handlers, signal, transport === "poll" ? 0 : HOLD_SECONDS),
  );
}

const streamUrl = ({ eventsUrl, after }: SessionRequest, previews: PreviewMode) =>
  `${eventsUrl}?previews=${previews}${after === null ? "" : `&after=${after}`}`;

function openWebSocket<J extends AnyJob>(request: SessionRequest, handlers: SessionHandlers<J>): Session {
  let closed = false;
  const url = streamUrl(request, request.previews).replace(/^http/, "ws");
  const socket = request.ports.openSocket(url, "easel.live.v1" satisfies typeof LIVE_PROTOCOL, {
    onOpen: () => {
      if (!closed) handlers.onOpen();
    },
    onMessage: (data) => {
      if (closed) return;
      handlers.onHeard();
      if (typeof data === "string") handlers.onText(data);
      else {
        const frame = request.ports.decodeFrame?.(data);
        if (frame) handlers.onFrame(frame);
      }
    },
    onClose: (code) => {
      if (!closed) handlers.onEnd(adviceForClose(code));
      closed = true;
    },
  });
  return {
    send: socket.send,
    close: () => {
      closed = true;
      socket.close();
    },
  };
}

async function readEvents<J extends AnyJob>(
  request: SessionRequest,
  handlers: SessionHandlers<J>,
  signal: AbortSignal,
): Promise<Advice> {
  // The stream has no way for credit, so bytes never travel in it: the viewer fetches what it wants to show.
  const url = streamUrl(request, request.previews === "binary" ? "url" : request.previews);
  const response = await request.ports.fetch(url, { headers: { accept: "text/event-stream" }, signal });
  if (response.status !== 200 || !response.body) return adviceForStatus(response.status);
  handlers.onOpen();
  const nextEvents = createSseReader();
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { value } = await reader.read();
    if (!value || signal.aborted) return "reconnect";
    handlers.onHeard();
    for (const data of nextEvents(decoder.decode(value, { stream: true }))) {
      if (!signal.aborted) handlers.onText(data);
    }
  }
}

/** Polls the state for a while; with `holdSeconds` the server is asked to hold its answer until there is news. */
async function poll<J extends AnyJob>(
  { after, stateUrl, isVisible, ports }: SessionRequest,
  handlers: SessionHandlers<J>,
  signal: AbortSignal,
  holdSeconds: number,
): Promise<Advice> {
  const overAtMs = ports.nowMs() + POLL_SESSION_MS;
  let etag = after === null ? null : `W/"${after}"`;
  let askedMs: number | null = null;
  // Until an answer that brings nothing new comes at once.
  let holds = holdSeconds > 0;
  do {
    const headers: Record<string, string> = etag ? { "if-none-match": etag } : {};
    if (etag && holdSeconds) headers.prefer = `wait=${holdSeconds}`;
    const cancelTimeout = ports.after(SILENCE_MS + holdSeconds * 1_000, () => handlers.onEnd("reconnect"));
    try {
      const response = await ports.fetch(stateUrl, { headers, signal });
      const { status } = response;
      const job: unknown = status === 200 ? await response.json() : null;
      if (signal.aborted || (status === 200 && !looksLikeJob(job))) break;
      if (status !== 200 && status !== 304) return adviceForStatus(status);
      handlers.onHeard();
      if (job) {
        etag = response.headers.get("etag") ?? etag;
        askedMs = (job as J).poll_after_ms ?? null;
        handlers.onJob(job as J);
      }
      if (status === 304 && !response.headers.has("preference-applied")) holds = false;
    } finally {
      cancelTimeout();
    }
    // A server that holds its answers sets the pace; the shortest pause is for a job that changes all the time.
    await pause(ports, pollDelayMs(holds ? 0 : askedMs, isVisible(), ports.random()), signal);
  } while (!signal.aborted && ports.nowMs() < overAtMs);
  return "reconnect";
}

/** A session that runs `read` and reports its advice; a fault of the network means: again. Once closed it is silent. */
function asSession<J extends AnyJob>(
  handlers: SessionHandlers<J>,
  read: (signal: AbortSignal) => Promise<Advice>,
): Session {
  const abort = new AbortController();
  const end = (advice: Advice) => {
    if (!abort.signal.aborted) handlers.onEnd(advice);
  };
  // Through a resolved promise, so that no handler runs before the session has been returned.
  Promise.resolve(abort.signal)
    .then(read)
    .then(end, () => end("reconnect"));
  return { send() {}, close: () => abort.abort() };
}
