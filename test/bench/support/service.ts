/** The built Worker in workerd, in front of one ComfyUI, and the calls that benches make to it. */
import WebSocket from "ws";
import { api, type CreatedJob } from "../../../scripts/local/api.ts";
import { ensureBuild } from "../../../scripts/local/ensure-build.ts";
import { startHost } from "../../../scripts/local/host.ts";
import { freshOwner } from "../../../scripts/local/settings.ts";
import type { Job } from "../../../src/contract/job.ts";
import { LIVE_PROTOCOL, type ViewerEvent } from "../../../src/contract/viewer.ts";
import { nowMs } from "./clock.ts";

/** A frame that a viewer got, and when. */
export type Seen = { event: ViewerEvent<Job>; at: number };

export type Service = {
  url: string;
  /** The owner's key. */
  key: string;
  create(request: Record<string, unknown>): Promise<CreatedJob>;
  cancel(jobId: string): Promise<void>;
  /** Watches a job as its owner; resolves with all that was seen up to its `end`. */
  watch(jobId: string): Promise<Seen[]>;
  /** Reads a stored result as it came from ComfyUI; resolves with its size. */
  readRaw(outputId: string): Promise<number>;
  dispose(): Promise<void>;
};

/** Variables of a Worker before this backend, and the key that it knows. */
export async function benchVars(backendUrl: string): Promise<{ key: string; vars: Record<string, string> }> {
  const { key, vars: owner } = await freshOwner("test");
  return {
    key,
    vars: {
      COMFY_BACKENDS: JSON.stringify([{ url: backendUrl }]),
      ...owner,
    },
  };
}

/** Starts the Worker as it is deployed. */
export async function startService(backendUrl: string): Promise<Service> {
  const { key, vars } = await benchVars(backendUrl);
  await ensureBuild();
  const host = await startHost({ vars });
  return { ...callsTo(host.url, key), url: host.url, key, dispose: host.dispose };
}

/** The calls of a bench to a running Worker. */
export function callsTo(url: string, key: string): Pick<Service, "create" | "cancel" | "watch" | "readRaw"> {
  const headers = { authorization: `Bearer ${key}` };
  return {
    create: api(url, key).create,
    cancel: async (jobId) => {
      const answer = await fetch(`${url}/v1/jobs/${jobId}/cancel`, { method: "POST", headers });
      await answer.body?.cancel();
    },
    readRaw: async (outputId) =>
      (await (await fetch(`${url}/v1/outputs/${outputId}/raw`, { headers })).arrayBuffer()).byteLength,
    watch: (jobId) =>
      new Promise((resolve, reject) => {
        const seen: Seen[] = [];
        const address = `${url.replace("http", "ws")}/v1/jobs/${jobId}/events?previews=none`;
        const socket = new WebSocket(address, LIVE_PROTOCOL, {
          headers,
          perMessageDeflate: false,
        });
        socket.on("message", (data) => {
          const at = nowMs();
          const event = JSON.parse(data.toString()) as ViewerEvent<Job>;
          seen.push({ event, at });
          if (event.type !== "end") return;
          socket.terminate();
          resolve(seen);
        });
        socket.on("close", () => resolve(seen));
        socket.on("error", reject);
      }),
  };
}

/** The whole job as its `end` event tells it. @throws {Error} when there was no end, or no success. */
export function endOf(seen: readonly Seen[]): { job: Job; at: number } {
  const last = seen.at(-1);
  if (last?.event.type !== "end") throw new Error("The job did not end.");
  const { job } = last.event.data;
  if (job.status !== "succeeded") throw new Error(`The job ended as ${job.status}: ${job.error?.message ?? ""}`);
  return { job, at: last.at };
}
