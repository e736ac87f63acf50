/**
 * Live events of a job for one caller, by what the request asks for: a WebSocket that the job's object answers itself,
 * or an SSE stream that is made here and bridged to the object by a socket, so that watching never keeps it awake.
 */
import type { Context } from "hono";
import { PREVIEW_MODES, type PreviewMode, type ViewerEvent } from "../../contract/viewer.ts";
import { VIEWER_HEADER, type ViewerSpec } from "../viewers/viewer.ts";
import type { ApiEnv } from "./api-env.ts";
import { ApiError } from "./problem.ts";

type JobStub = DurableObjectStub;
/** Who watches; the rest of a viewer's wishes are in the request. */
export type Watcher = Omit<ViewerSpec, "previews" | "after">;

const HEARTBEAT_MS = 15_000;
/** An SSE answer ends after this and is taken up again by its reader, so nothing leaks. */
const MAX_SESSION_MS = 600_000;

/**
 * Answers a request for events. `admit` is asked once it is certain that a stream would be opened: what it takes (a
 * ticket, a place among the open streams) is not spent on a request that is refused.
 */
export async function serveEvents(
  c: Context<ApiEnv>,
  stub: JobStub,
  admit: () => Promise<Watcher>,
  job: { seq: number; terminal: boolean },
): Promise<Response> {
  const upgrade = c.req.header("upgrade")?.toLowerCase() === "websocket";
  const sse = /\btext\/event-stream\b/i.test(c.req.header("accept") ?? "");
  if (!upgrade && !sse) {
    throw new ApiError("upgrade_required", "Ask with Upgrade: websocket, or with Accept: text/event-stream.");
  }
  const after = cursorOf(c.req.header("last-event-id") ?? c.req.query("after"));
  const previews = previewsOf(c, upgrade);
  // A reader that has seen the end must not come back for ever (api D4).
  if (!upgrade && job.terminal && after !== null && after >= job.seq) return c.body(null, 204);
  const spec: ViewerSpec = { ...(await admit()), after, previews };
  if (upgrade) return connect(stub, spec, c.req.header("sec-websocket-protocol"));
  return streamEvents(stub, spec, c.req.raw.signal);
}

function cursorOf(text: string | undefined): number | null {
  if (text === undefined || text === "") return null;
  if (!/^\d{1,15}$/.test(text)) {
    const detail = "A cursor is the seq of the last event seen: a whole number.";
    throw new ApiError("invalid_parameter", detail, { errors: [{ pointer: "#/after", code: "bad_format", detail }] });
  }
  return Number(text);
}

function previewsOf(c: Context<ApiEnv>, upgrade: boolean): PreviewMode {
  const asked = c.req.query("previews");
  const usual = c.req.header("save-data") === "on" ? "none" : upgrade ? "binary" : "url";
  if (asked === undefined) return usual;
  const mode = PREVIEW_MODES.find((one) => one === asked);
  if (!mode || (mode === "binary" && !upgrade)) {
    const detail = `One of ${PREVIEW_MODES.join(", ")}; binary only over a WebSocket.`;
    throw new ApiError("invalid_parameter", detail, {
      errors: [{ pointer: "#/previews", code: "not_a_choice", detail }],
    });
  }
  return mode;
}

/** Connects a viewer to the job's object; its 101 is returned as it is. */
async function connect(stub: JobStub, spec: ViewerSpec, protocols?: string): Promise<Response> {
  const headers = { upgrade: "websocket", [VIEWER_HEADER]: JSON.stringify(spec) };
  // Only a protocol that was offered may be chosen (RFC 6455 §4.2.2): without one, clients refuse the answer.
  const offered = protocols === undefined ? {} : { "sec-websocket-protocol": protocols };
  return stub.fetch("https://job/viewer", { headers: { ...headers, ...offered } });
}

/** A socket to the job's object of our own. */
async function bridge(stub: JobStub, spec: ViewerSpec): Promise<WebSocket> {
  const response = await connect(stub, spec);
  const socket = response.webSocket;
  if (!socket) throw new ApiError("not_found", "There is no job of that id.");
  return socket;
}

/** Resolves when the job has changed after `after`, or ended, or the time is over. */
export async function waitForJob(
  stub: JobStub,
  after: number,
  seconds: number,
  until: "change" | "end",
  signal: AbortSignal,
): Promise<void> {
  const spec: ViewerSpec = {
    role: "owner",
    reveal: ["previews", "outputs"],
    shareId: null,
    base: null,
    user: null,
    madeAt: null,
    expiresAt: null,
    streamId: null,
    previews: "none",
    after,
  };
  const socket = await bridge(stub, spec);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    socket.addEventListener("message", ({ data }) => {
      const event = JSON.parse(String(data)) as ViewerEvent;
      if (event.type === "end") done();
      // Where the cursor could not be resumed, something has changed.
      else if (
        until === "change" &&
        event.seq !== null &&
        (event.seq > after || (event.type === "hello" && !event.data.resumed))
      )
        done();
    });
    socket.addEventListener("close", done);
    socket.addEventListener("error", done);
    signal.addEventListener("abort", done);
    socket.accept();
  });
  socket.close(1000, "done");
}

async function streamEvents(stub: JobStub, spec: ViewerSpec, signal: AbortSignal): Promise<Response> {
  const socket = await bridge(stub, spec);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  let seq = spec.after ?? 0;
  let ended = false;
  const write = (text: string) => void writer.write(encoder.encode(text)).catch(() => finish());
  const finish = () => {
    if (ended) return;
    ended = true;
    clearInterval(heartbeat);
    clearTimeout(session);
    writer.close().catch(() => {});
    try {
      socket.close(1000, "done");
    } catch {
      // Already closed.
    }
  };
  const say = (event: Omit<ViewerEvent, "at" | "job_id"> & { at?: string; job_id?: string }) => {
    if (event.seq !== null) seq = event.seq;
    const id = event.seq === null ? "" : `id: ${event.seq}\n`;
    write(`${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  const heartbeat = setInterval(() => {
    write(": hb\n\n");
    say({ type: "ping", seq: null, data: { seq } } as never);
  }, HEARTBEAT_MS);
  const session = setTimeout(() => {
    say({ type: "bye", seq: null, data: { reason: "rotate", reconnect: true, retry_ms: 1_000 } } as never);
    finish();
  }, MAX_SESSION_MS);
  socket.addEventListener("message", ({ data }) => {
    const event = JSON.parse(String(data)) as ViewerEvent;
    say(event);
    if (event.type === "end") finish();
  });
  socket.addEventListener("close", finish);
  socket.addEventListener("error", finish);
  signal.addEventListener("abort", finish);
  write("retry: 2000\n\n");
  socket.accept();
  return new Response(readable, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
    },
  });
}
