/**
 * `perform`: the only I/O of a job, one case per wish. Each may be made twice and is safe to repeat; what the outside
 * world did wrong comes back as a fault in an event, never as a throw.
 */
import { uploadKey } from "../../core/artifact/key.ts";
import type { ComfyEvent } from "../../core/comfy/events.ts";
import { parsePromptReply } from "../../core/comfy/replies.ts";
import { getSystemStats, submitPrompt } from "../../core/comfy/requests.ts";
import { parseSystemStats } from "../../core/comfy/server-info.ts";
import type { Effect, Fault, JobEvent, JobState } from "../../core/job/state.ts";
import { submitReplyOf } from "../../core/job/verdict.ts";
import type { JobRecord } from "../../core/tenant/vocabulary.ts";
import { assertNever, must } from "../../core/util/assert.ts";
import { parseExact } from "../../core/util/exact-json.ts";
import { type ComfyFetch, comfyFetch } from "../comfy/comfy-fetcher.ts";
import { callComfy, statusFault } from "../comfy/comfy-http.ts";
import { cancelPrompt, lookFor } from "../comfy/comfy-look.ts";
import { ComfySocket } from "../comfy/comfy-socket.ts";
import { uploadToComfy } from "../comfy/comfy-upload.ts";
import type { Config } from "../config.ts";
import { errorName, log } from "../log.ts";
import { OutputStorage } from "./job-outputs.ts";
import { preparePrompt } from "./job-prompt.ts";

/** What the effects need of the object around them. */
export type EffectPorts = {
  env: Env;
  config: Config;
  /** The object's name, by which the pool finds it. */
  jobName: string;
  state(): JobState;
  graph(): string;
  frame(key: string): Uint8Array | undefined;
  /** Prepares the links of a result before it is announced. */
  linked(output: { id: string; name: string }): Promise<void>;
  heard(event: JobEvent): void;
  /** The job for its project's index, as it is now. */
  record(): JobRecord;
  /** Removes the rows. */
  erase(): Promise<void>;
  /** For tests: the object dies here if it was told to, with all that it wrote on disk. */
  reach(point: string): Promise<void>;
};

const VERSION_TIMEOUT_MS = 5_000;

export class JobEffects {
  readonly #ports: EffectPorts;
  readonly #outputs: OutputStorage;
  #socket: ComfySocket | null = null;

  constructor(ports: EffectPorts) {
    this.#ports = ports;
    this.#outputs = new OutputStorage(ports);
  }

  /** Hangs up, if there is a connection. */
  hangUp(): void {
    this.#socket?.close();
    this.#socket = null;
  }

  /** For tests: the next `count` writes of results into storage fail. */
  failWrites(count: number): void {
    this.#outputs.failWrites(count);
  }

  /** Performs one wish. */
  async perform(effect: Effect, name: string, signal: AbortSignal): Promise<JobEvent | null> {
    switch (effect.type) {
      case "request_lease":
      case "withdraw":
      case "renew_lease":
      case "release_lease":
        return this.#askPool(effect, name);
      case "dial":
        return this.#dial(effect, signal);
      case "upload":
        return this.#upload(effect, signal);
      case "submit":
        return this.#submit(effect, signal);
      case "look":
        return {
          type: "looked",
          promptId: effect.promptId,
          found: await lookFor(this.#send(effect.backendId), effect.promptId, signal),
        };
      case "cancel_run":
        await cancelPrompt(this.#send(effect.backendId), effect.promptId, effect.comfyVersion, signal);
        return { type: "cancel_tried", promptId: effect.promptId };
      case "store":
        return this.#outputs.store(effect, this.#send(effect.backendId), signal);
      case "discard":
        return this.#discard(effect);
      case "index":
        return this.#tellIndex(effect);
      case "erase":
        await this.#ports.erase();
        return null;
      default:
        return assertNever(effect);
    }
  }

  /** Gives back a viewer's place among the project's open streams; one that is not heard of there ends by its time. */
  closeStream(streamId: string): void {
    const tenant = this.#ports.env.TENANTS.getByName(this.#ports.state().spec.project);
    tenant.closeStream(streamId).catch(() => {});
  }

  async #discard(effect: Extract<Effect, { type: "discard" }>): Promise<JobEvent> {
    const event = await this.#outputs.discard(effect.keys);
    if (this.#ports.state().removal) await this.#ports.reach("remove:after-media");
    return event;
  }

  /** Reports the job. One that was overtaken by a newer report changes nothing there: the index compares `seq`. */
  async #tellIndex({ nonce }: Extract<Effect, { type: "index" }>): Promise<JobEvent> {
    const { env, record, reach, state } = this.#ports;
    const { project } = state().spec;
    const report = record();
    const step = report.removed ? "remove" : report.terminal ? "finish" : "report";
    try {
      await reach(`${step}:before-index`);
      const { hooks } = await env.TENANTS.getByName(project).record(report);
      await reach(`${step}:after-index`);
      return { type: "indexed", nonce, ok: true, hooks };
    } catch (error) {
      log("warn", "index_not_heard", { job: report.jobId, error: errorName(error) });
      return { type: "indexed", nonce, ok: false };
    }
  }

  #send(backendId: string): ComfyFetch {
    const backend = this.#ports.config.backends.find((one) => one.id === backendId);
    // A backend that was taken out of the configuration is one that cannot be reached.
    if (!backend) return () => Promise.reject(new Error("no such backend"));
    return comfyFetch(this.#ports.env, backend);
  }

  async #askPool(
    effect: Extract<Effect, { type: "request_lease" | "withdraw" | "renew_lease" | "release_lease" }>,
    name: string,
  ): Promise<JobEvent | null> {
    const { env, jobName, heard } = this.#ports;
    const { spec, priority } = this.#ports.state();
    // A stub that has seen an error may be broken for good: each wish takes a new one.
    const pool = env.POOL.getByName("main");
    try {
      switch (effect.type) {
        case "request_lease": {
          // A lease on its way back would be handed out again as still ours.
          for (const other of Object.values(this.#ports.state().effects)) {
            if (other.type === "release_lease")
              await pool.release(other.leaseId, other.outcome, spec.shape, other.counts);
          }
          const owner = `${spec.project}/${spec.user ?? ""}`;
          const request = {
            shape: spec.shape,
            owner,
            priority,
            maxRunning: spec.concurrent,
            group: spec.project,
            groupMax: spec.projectConcurrent,
          };
          const answer = await pool.requestLease(jobName, request);
          if (answer.type === "granted") heard({ type: "lease_granted", lease: answer.lease, learned: answer.learned });
          else heard({ type: "queue_place", place: answer.place });
          break;
        }
        case "withdraw":
          await pool.withdraw(jobName);
          break;
        case "renew_lease":
          if (!(await pool.renew(effect.leaseId))) heard({ type: "lease_lost", leaseId: effect.leaseId });
          break;
        case "release_lease":
          await pool.release(effect.leaseId, effect.outcome, spec.shape, effect.counts);
          break;
      }
      return { type: "pool_answered", effect: name, ok: true };
    } catch {
      return { type: "pool_answered", effect: name, ok: false };
    }
  }

  async #dial(effect: Extract<Effect, { type: "dial" }>, signal: AbortSignal): Promise<JobEvent> {
    const { connection, clientId, backendId } = effect;
    this.hangUp();
    const send = this.#send(backendId);
    const stats = callComfy(send, getSystemStats(), signal, VERSION_TIMEOUT_MS);
    const listener = {
      heard: (event: ComfyEvent) => this.#ports.heard({ type: "comfy", connection, event }),
      closed: () => this.#ports.heard({ type: "socket_closed", connection }),
    };
    const opened = await ComfySocket.open(send, clientId, listener, signal);
    const answer = await stats;
    if (signal.aborted) {
      if (opened.ok) opened.value.close();
    } else if (opened.ok) {
      this.#socket = opened.value;
      const parsed = answer.ok ? parseSystemStats(answer.value.status, answer.value.body) : null;
      return { type: "socket_opened", connection, comfyVersion: parsed?.ok ? parsed.value.versionText : null };
    }
    const fault: Fault = opened.ok ? { kind: "timeout" } : opened.error;
    return { type: "socket_failed", connection, fault, httpAnswers: answer.ok && answer.value.status === 200 };
  }

  async #upload(effect: Extract<Effect, { type: "upload" }>, signal: AbortSignal): Promise<JobEvent> {
    const { name, uploadId, backendId } = effect;
    const object = await this.#ports.env.MEDIA.get(uploadKey(uploadId));
    if (!object) return { type: "upload_failed", name, fault: { kind: "not_found" } };
    const image = must(
      this.#ports.state().spec.images.find((one) => one.name === name),
      "the image of an upload",
    );
    const sent = await uploadToComfy(
      this.#send(backendId),
      uploadId,
      image.contentType,
      await object.arrayBuffer(),
      signal,
    );
    if (!sent.ok) return { type: "upload_failed", name, fault: sent.error };
    return { type: "uploaded", name, storedName: sent.value };
  }

  async #submit(effect: Extract<Effect, { type: "submit" }>, signal: AbortSignal): Promise<JobEvent> {
    const { promptId, clientId, backendId } = effect;
    const parsed = parseExact(this.#ports.graph());
    const prompt = preparePrompt(
      must(parsed.ok ? parsed.value : null, "the stored graph"),
      this.#ports.state().spec,
      effect,
    );
    const request = submitPrompt({ prompt, promptId, clientId });
    const answer = await callComfy(this.#send(backendId), request, signal);
    if (!answer.ok) return { type: "submit_answered", promptId, reply: { type: "unknown", fault: answer.error } };
    const { status, body } = answer.value;
    const fault = statusFault(status);
    if (fault) return { type: "submit_answered", promptId, reply: { type: "unknown", fault } };
    return { type: "submit_answered", promptId, reply: submitReplyOf(parsePromptReply(status, body)) };
  }
}
