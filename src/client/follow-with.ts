/**
 * Follows one job until it ends, whatever the network does: a ladder of transports (WebSocket, event stream, long poll,
 * poll), resumption by `seq`, a heartbeat, and full jitter before each new try (api D4 "Client schedule"). It reports what it
 * hears and keeps no job; page/state.ts and the SDK build theirs from the reports.
 */
import type { PreviewMode, ViewerEvent, ViewerMessage } from "../contract/viewer.ts";
import type { AnyJob, PreviewFrame } from "./decode.ts";
import {
  type Advice,
  BEAT_MS,
  FAILURES_PER_TRANSPORT,
  failuresAfterEnd,
  lastRungFailures,
  reconnectDelayMs,
  SILENCE_MS,
  type StopReason,
  TRANSPORTS,
  type Transport,
  transportFor,
} from "./ladder.ts";
import type { LivePorts } from "./ports.ts";
import { openSession, type Session } from "./transports.ts";

/** Where the job is and what is already known of it. */
export type FollowOptions = {
  /** What the paths are appended to: scheme and host, without a slash at the end. */
  baseUrl: string;
  eventsPath: string;
  statePath: string;
  /** The `seq` of the job the caller holds; null asks for the whole job first. */
  after: number | null;
  /** How previews shall come over a socket; `binary` unless told. */
  previews?: PreviewMode;
  /** Whether somebody looks; true unless told. */
  visible?: boolean;
  /** The transports to use, best first; all of them unless told. */
  transports?: readonly Transport[];
};

/** How the connection stands. `waiting` lasts `delayMs`; a `live` one has brought something. */
export type Link =
  | { type: "connecting"; transport: Transport }
  | { type: "live"; transport: Transport }
  | { type: "waiting"; delayMs: number };

/** What following reports. The one rule: replace everything on a job (`job`, `hello`, `end`), else apply the event. */
export type LiveUpdate<J extends AnyJob = AnyJob> =
  | { type: "event"; event: ViewerEvent<J> }
  | { type: "job"; job: J }
  | { type: "frame"; frame: PreviewFrame }
  | { type: "link"; link: Link }
  | { type: "stopped"; reason: StopReason };

/** The handle of a job being followed. After `stopped` or `stop` all of it does nothing. */
export type Follower = {
  /** Connects now, from the top of the ladder, if it is waiting or on a lower rung. */
  retryNow(): void;
  /** Tells whether somebody looks. Hidden viewers get no previews and send no pings. */
  setVisible(visible: boolean): void;
  setPreviews(mode: PreviewMode): void;
  /** Gives credit for the next binary preview: revision `rev` is on the screen. */
  shown(rev: number): void;
  stop(): void;
};

const DURABLE = ["status", "output", "warning"];

/** Follows a job and calls `onUpdate` for all it hears, the last time with `stopped` unless the caller stops it. */
export function followWith<J extends AnyJob>(
  ports: LivePorts,
  options: FollowOptions,
  onUpdate: (update: LiveUpdate<J>) => void,
): Follower {
  const { transports = TRANSPORTS } = options;
  // Put together by hand: React Native's URL is half of one.
  const eventsUrl = options.baseUrl + options.eventsPath;
  const stateUrl = options.baseUrl + options.statePath;
  let cursor = options.after;
  let previews = options.previews ?? "binary";
  let visible = options.visible ?? true;
  let failures = 0;
  let triedAgain = false;
  let stopped = false;
  let session: Session | null = null;
  let heardAtMs = 0;
  let minDelayMs = 0;
  let cancelRetry = () => {};
  let cancelBeat = () => {};

  const wantedPreviews = (): PreviewMode => (visible ? previews : "none");
  const say = (message: ViewerMessage) => session?.send(JSON.stringify(message));
  const sayPreviews = () => say({ type: "configure", previews: wantedPreviews() });

  function release(): void {
    cancelRetry();
    cancelBeat();
    session?.close();
    session = null;
  }

  function finish(reason: StopReason): void {
    if (stopped) return;
    stopped = true;
    release();
    onUpdate({ type: "stopped", reason });
  }

  function hear(event: ViewerEvent<J>): void {
    if (DURABLE.includes(event.type) && event.seq !== null && cursor !== null && event.seq <= cursor) return;
    if (event.seq !== null) cursor = Math.max(cursor ?? 0, event.seq);
    if (event.type === "bye") minDelayMs = event.data.retry_ms || 0;
    const job = event.type === "hello" || event.type === "end" ? event.data.job : null;
    if (job) cursor = job.seq;
    onUpdate({ type: "event", event });
    if (event.type === "end" || job?.terminal) finish("done");
  }

  function connect(): void {
    release();
    const transport = transportFor(failures, transports);
    let healthySinceMs: number | null = null;
    heardAtMs = ports.nowMs();
    minDelayMs = 0;

    function end(advice: Advice): void {
      const healthyMs = healthySinceMs === null ? null : ports.nowMs() - healthySinceMs;
      release();
      if (advice === "poll") failures = Math.max(failures + 1, lastRungFailures(transports));
      else if (advice === "reconnect") failures = failuresAfterEnd(failures, healthyMs);
      else if (advice !== "unauthenticated" || triedAgain) return finish(advice);
      else triedAgain = true;
      // Who is told to poll begins soon, yet not at once with all others who were told so.
      const step = advice === "poll" ? failures - FAILURES_PER_TRANSPORT : failures;
      const delayMs = Math.max(Math.round(minDelayMs * ports.random()), reconnectDelayMs(step, ports.random()));
      cancelRetry = ports.after(delayMs, connect);
      onUpdate({ type: "link", link: { type: "waiting", delayMs } });
    }

    function beat(): void {
      if (visible && ports.nowMs() - heardAtMs >= SILENCE_MS) return end("reconnect");
      if (visible) session?.send("ping");
      cancelBeat = ports.after(BEAT_MS, beat);
    }

    const request = { eventsUrl, stateUrl, after: cursor, previews: wantedPreviews(), isVisible: () => visible, ports };
    session = openSession<J>(transport, request, {
      onOpen: () => say({ type: "visible", value: visible }),
      onHeard() {
        heardAtMs = ports.nowMs();
        if (healthySinceMs !== null) return;
        healthySinceMs = heardAtMs;
        onUpdate({ type: "link", link: { type: "live", transport } });
      },
      onText(text) {
        const event = ports.decodeEvent<J>(text);
        if (!event) return;
        triedAgain = false;
        hear(event);
      },
      onFrame: (frame) => onUpdate({ type: "frame", frame }),
      onJob(job) {
        if (cursor !== null && job.seq < cursor) return;
        cursor = job.seq;
        onUpdate({ type: "job", job });
        if (job.terminal) finish("done");
      },
      onEnd: end,
    });
    // Polls are spaced by the job's own wish and have a time limit each: silence between them is no fault.
    if (!transport.endsWith("poll")) cancelBeat = ports.after(BEAT_MS, beat);
    onUpdate({ type: "link", link: { type: "connecting", transport } });
  }

  connect();
  return {
    retryNow() {
      if (stopped || (session && transportFor(failures, transports) === transports[0])) return;
      failures = 0;
      connect();
    },
    setVisible(value) {
      if (stopped || value === visible) return;
      visible = value;
      say({ type: "visible", value });
      sayPreviews();
      if (!visible) return;
      // Timers sleep in a hidden tab, so its silence proves nothing: the clock starts anew with a ping.
      heardAtMs = ports.nowMs();
      session?.send("ping");
      if (!session) connect();
    },
    setPreviews(mode) {
      if (stopped || mode === previews) return;
      previews = mode;
      sayPreviews();
    },
    shown: (rev) => say({ type: "ready", rev }),
    stop() {
      stopped = true;
      release();
    },
  };
}
