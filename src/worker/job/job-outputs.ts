/**
 * One result's way into storage: from ComfyUI's `/view`, from a frame of the socket, or as text. The id follows from
 * the job and the result's key, so a repeated try lands on the same place and a finished one is recognised.
 */
import { downloadName } from "../../core/artifact/name.ts";
import type { FolderType } from "../../core/comfy/outputs.ts";
import { getRemoteImage, viewFile } from "../../core/comfy/requests.ts";
import type { Effect, Fault, JobEvent, Stored, Wanted } from "../../core/job/state.ts";
import { derivedId } from "../../core/util/ids.ts";
import {
  BodyError,
  completeFacts,
  type Facts,
  MAX_OUTPUT_BYTES,
  removeOutputs,
  storeBody,
} from "../artifacts/artifact-store.ts";
import { failingPuts } from "../artifacts/failing-puts.ts";
import type { ComfyFetch } from "../comfy/comfy-fetcher.ts";
import { faultOf, statusFault } from "../comfy/comfy-http.ts";
import type { EffectPorts } from "./job-effects.ts";

/** Simultaneous downloads of one job: an object has six connections, and the socket and looks need some. */
const MAX_DOWNLOADS = 3;
/** Longest time that one file may take on its way; the alarm tries again after it. */
const STORE_TIMEOUT_MS = 600_000;
/** Characters of a text output that stand in the job document; the whole text is in storage. */
const MAX_TEXT_CHARS = 4_000;

type StoreEffect = Extract<Effect, { type: "store" }>;

export class OutputStorage {
  readonly #ports: EffectPorts;
  #active = 0;
  readonly #waiting: (() => void)[] = [];
  /** Ways into storage that have not come to an end, by key; those that nobody wants any more among them. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  #bucket: R2Bucket;

  constructor(ports: EffectPorts) {
    this.#ports = ports;
    this.#bucket = ports.env.MEDIA;
  }

  /** For tests: the next `count` writes fail. */
  failWrites(count: number): void {
    this.#bucket = failingPuts(this.#ports.env.MEDIA, count);
  }

  /** Stores a result and prepares its link. */
  async store(effect: StoreEffect, send: ComfyFetch, signal: AbortSignal): Promise<JobEvent> {
    const { key } = effect.wanted;
    // One after the other: a try that was broken off must not write over the one that follows it.
    const before = this.#underWay.get(key);
    const storing = Promise.resolve(before).then(() => this.#store(effect, send, signal));
    this.#underWay.set(key, storing);
    const event = await storing;
    if (this.#underWay.get(key) === storing) this.#underWay.delete(key);
    return event;
  }

  /** Removes what may lie in storage of these results, once nothing is on its way there. */
  async discard(keys: readonly string[]): Promise<JobEvent> {
    await Promise.all(keys.map((key) => this.#underWay.get(key)));
    try {
      const ids = await Promise.all(keys.map((key) => derivedId("out", this.#ports.jobName, key)));
      await removeOutputs(this.#bucket, ids);
      return { type: "discarded", ok: true };
    } catch {
      return { type: "discarded", ok: false };
    }
  }

  async #store(effect: StoreEffect, send: ComfyFetch, signal: AbortSignal): Promise<JobEvent> {
    const { wanted } = effect;
    await this.#enter();
    try {
      const id = await derivedId("out", this.#ports.jobName, wanted.key);
      const facts =
        (effect.tries > 0 ? await completeFacts(this.#bucket, id) : null) ??
        (await this.#write(id, wanted, send, signal));
      if ("fault" in facts) return { type: "output_failed", key: wanted.key, fault: facts.fault };
      const stored = this.#stored(id, wanted, facts);
      await this.#ports.linked(stored);
      return { type: "output_stored", key: wanted.key, stored };
    } catch (error) {
      return { type: "output_failed", key: wanted.key, fault: storeFault(error) };
    } finally {
      this.#leave();
    }
  }

  async #write(id: string, wanted: Wanted, send: ComfyFetch, signal: AbortSignal): Promise<Facts | { fault: Fault }> {
    const bucket = this.#bucket;
    const { source } = wanted;
    const about = (name: string) => ({ jobName: this.#ports.jobName, name });
    switch (source.type) {
      case "text": {
        const bytes = new TextEncoder().encode(source.text);
        return storeBody(bucket, id, bytes, bytes.byteLength, about(`text-${wanted.position + 1}.txt`));
      }
      case "frame": {
        const bytes = this.#ports.frame(wanted.key);
        if (!bytes) return (await completeFacts(bucket, id)) ?? { fault: { kind: "frame_lost" } };
        const extension = source.contentType.split("/")[1] ?? "bin";
        return storeBody(bucket, id, bytes, bytes.byteLength, about(`image-${wanted.position + 1}.${extension}`));
      }
      case "http":
      case "file": {
        const request =
          source.type === "http"
            ? getRemoteImage(source.remoteId)
            : viewFile({ ...source, folderType: source.folder as FolderType });
        const response = await send(request.path, {
          signal: AbortSignal.any([signal, AbortSignal.timeout(STORE_TIMEOUT_MS)]),
        });
        if (response.status !== 200 || !response.body) {
          await response.body?.cancel();
          return {
            fault:
              response.status === 404
                ? { kind: "not_found" }
                : (statusFault(response.status) ?? { kind: "http", status: response.status, detail: "GET /view" }),
          };
        }
        const length = response.headers.get("content-encoding") ? null : response.headers.get("content-length");
        const name = source.type === "file" ? source.filename : `image-${wanted.position + 1}`;
        return storeBody(bucket, id, response.body, length === null ? null : Number(length), about(name));
      }
    }
  }

  #stored(id: string, wanted: Wanted, facts: Facts): Omit<Stored, "index" | "key"> {
    const { spec } = this.#ports.state();
    const isText = wanted.source.type === "text";
    return {
      id,
      nodeId: wanted.nodeId,
      name: downloadName(facts.name, isText ? "txt" : facts.extension),
      label: spec.labels[wanted.nodeId] ?? null,
      type: isText ? "text" : typeOf(facts.kind, wanted.hint),
      temporary: wanted.temporary,
      contentType: facts.contentType,
      sizeBytes: facts.clean.status === "unknown" ? facts.sizeBytes : facts.clean.sizeBytes,
      width: facts.width,
      height: facts.height,
      durationMs: facts.durationMs,
      sha256: facts.sha256,
      text: wanted.source.type === "text" ? wanted.source.text.slice(0, MAX_TEXT_CHARS) : null,
      cleanable: facts.clean.status !== "unknown",
    };
  }

  async #enter(): Promise<void> {
    while (this.#active >= MAX_DOWNLOADS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#active += 1;
  }

  #leave(): void {
    this.#active -= 1;
    this.#waiting.shift()?.();
  }
}

/** The file's own bytes say what it is; where they do not, ComfyUI's announcement does. */
function typeOf(kind: string, hint: string): Stored["type"] {
  const known = ["image", "animated", "video", "audio", "text", "model", "file"] as const;
  const found = known.find((one) => one === kind && kind !== "file") ?? known.find((one) => one === hint);
  return found ?? "file";
}

function storeFault(error: unknown): Fault {
  if (error instanceof BodyError) {
    if (error.kind === "too_large")
      return { kind: "too_large", sizeBytes: Math.min(error.sizeBytes, MAX_OUTPUT_BYTES * 1024) };
    return { kind: "http", status: 200, detail: "The file ended early." };
  }
  // R2 numbers its errors; everything else came from the way to ComfyUI.
  if (error instanceof Error && /\(\d{5}\)$/.test(error.message)) return { kind: "storage", detail: error.name };
  return faultOf(error);
}
