/** A job that is followed over a network that the test plays. */
import { sampleEvent, sampleJob } from "../../scripts/page-samples.ts";
import { TRANSPORTS, type Transport } from "../../src/client/ladder.ts";
import { followJob, type LiveUpdate } from "../../src/client/live.ts";
import type { PublicJob } from "../../src/contract/job.ts";
import type { ViewerEvent } from "../../src/contract/viewer.ts";
import { scriptedPorts } from "./scripted-ports.ts";

/** Starts to follow; what is heard collects in `updates`. */
export function follow(options: { after?: number | null; visible?: boolean; transports?: readonly Transport[] } = {}) {
  const script = scriptedPorts();
  const updates: LiveUpdate<PublicJob>[] = [];
  const follower = followJob<PublicJob>(
    {
      baseUrl: "https://live.example",
      eventsPath: "/s/token/events",
      statePath: "/s/token/state",
      after: options.after === undefined ? 40 : options.after,
      visible: options.visible ?? true,
      transports: options.transports ?? TRANSPORTS,
      ports: script.ports,
    },
    (update) => updates.push(update),
  );
  const socket = (at = -1) => {
    const found = script.sockets.at(at);
    if (!found) throw new Error("no socket was opened");
    return found;
  };
  const request = (at = -1) => {
    const found = script.requests.at(at);
    if (!found) throw new Error("no request was made");
    return found;
  };
  const say = (event: ViewerEvent<PublicJob>) => socket().onMessage(JSON.stringify(event));
  const events = () => updates.flatMap((update) => (update.type === "event" ? [update.event.type] : []));
  const stops = () => updates.flatMap((update) => (update.type === "stopped" ? [update.reason] : []));
  return { ...script, updates, follower, socket, request, say, events, stops };
}

export const hello = (job: PublicJob | null, seq = 40) =>
  sampleEvent("hello", seq, {
    protocol: "easel.live.v1",
    role: "viewer",
    resumed: job === null,
    replayed: 0,
    heartbeat_ms: 15_000,
    max_session_ms: 600_000,
    server_time_ms: 0,
    previews: "binary",
    job,
  });
export const warning = (seq: number) => sampleEvent("warning", seq, { code: "attempt_retried", message: "" });
export const done = sampleJob({ status: "succeeded", terminal: true, phase: "done", seq: 77 });

export function frame(rev: number): ArrayBuffer {
  const header = new TextEncoder().encode(JSON.stringify({ rev, image_type: "image/png" }));
  const bytes = new Uint8Array(8 + header.length + 1);
  new DataView(bytes.buffer).setUint32(0, 4);
  new DataView(bytes.buffer).setUint32(4, header.length);
  bytes.set(header, 8);
  return bytes.buffer;
}
