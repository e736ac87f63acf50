/** What the tests of the fake share: a recording client, workflows, and the fake on real TCP with short times. */
import { readFileSync } from "node:fs";
import WebSocket from "ws";
import { type RunningFake, startFakeComfy } from "../../scripts/fake-server.ts";
import type { FakeOptions } from "../../src/fake/options.ts";

export type Graph = Record<string, { class_type: string; inputs: Record<string, unknown>; _meta?: { title: string } }>;

/** A fake that closes itself at the end of the `using` block. */
export async function startFake(options: Partial<FakeOptions> = {}): Promise<RunningFake & AsyncDisposable> {
  const running = await startFakeComfy({ stepMs: 1, nodeMs: 0, previewSize: 32, ...options });
  return { ...running, [Symbol.asyncDispose]: () => running.close() };
}

/** The fields of all events that tests read; each type has some of them. */
export interface EventData {
  readonly sid: string;
  readonly node: string | null;
  /** By id in `progress_state`; in `execution_cached` a list of ids. */
  readonly nodes: Readonly<Record<string, NodeState>>;
  readonly node_id: string;
  readonly node_type: string;
  readonly executed: readonly string[];
  readonly exception_message: string;
  readonly exception_type: string;
  readonly value: number;
  readonly max: number;
  readonly prompt_id: string;
  readonly timestamp: number;
  readonly output: Record<string, unknown> | null;
  readonly status: { readonly exec_info: { readonly queue_remaining: number } };
}

/** A node in `progress_state`. */
export interface NodeState {
  readonly value: number;
  readonly max: number;
  readonly state: string;
  readonly display_node_id: string;
  readonly parent_node_id: string | null;
  readonly real_node_id: string;
}

/** A file as outputs name it. */
export interface OutputFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
}

/** The fields of all JSON answers that tests read; each route has some of them. */
export interface Answer {
  readonly prompt_id: string;
  readonly number: number;
  readonly error: { readonly type: string; readonly details: string };
  readonly node_errors: Record<string, unknown>;
  readonly queue_running: readonly QueueTuple[];
  readonly queue_pending: readonly QueueTuple[];
  readonly exec_info: { readonly queue_remaining: number };
  readonly name: string;
  readonly status: string;
  readonly jobs: readonly Answer[];
  readonly id: string;
  readonly priority: number;
  readonly execution_error: EventData;
  readonly cancelled: boolean;
}

/** A prompt in GET /queue. */
export type QueueTuple = readonly [number, string, Graph, Record<string, unknown>, readonly string[]];

/** An entry of GET /history. */
export interface Entry {
  readonly prompt: QueueTuple;
  readonly outputs: Record<string, Record<string, readonly OutputFile[]>>;
  readonly status: {
    readonly status_str: string;
    readonly completed: boolean;
    readonly messages: readonly (readonly [string, EventData])[];
  };
  readonly meta: Record<string, unknown>;
}

/** A received frame: text as it came, or bytes. */
export type Frame = string | Uint8Array;

/** A WebSocket client that keeps every frame. */
export class Client {
  readonly id: string;
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  closeCode: number | null = null;
  readonly #url: string;
  #changed: (() => void)[] = [];

  private constructor(url: string, id: string, path: string) {
    this.#url = url;
    this.id = id;
    this.socket = new WebSocket(`${url.replace("http", "ws")}${path}?clientId=${id}`, { perMessageDeflate: false });
    this.socket.on("message", (data: Buffer, isBinary) => {
      this.frames.push(isBinary ? new Uint8Array(data) : data.toString("utf8"));
      this.#notify();
    });
    this.socket.on("close", (code) => {
      this.closeCode = code;
      this.#notify();
    });
    this.socket.on("error", () => {});
  }

  static async open(url: string, id: string = crypto.randomUUID(), flags = true, path = "/ws"): Promise<Client> {
    const client = new Client(url, id, path);
    await client.until(() => client.frames.length > 0, "first frame");
    if (!flags) return client;
    client.socket.send(JSON.stringify({ type: "feature_flags", data: { supports_preview_metadata: true } }));
    await client.until(() => client.types.includes("feature_flags"), "flags");
    return client;
  }

  #notify(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const wake of waiting) wake();
  }

  /** Resolves as soon as `done` holds; looks again at each frame. Fails after 5 s. */
  async until(done: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + 3000;
    while (!done()) {
      if (Date.now() > deadline) throw new Error(`waited for ${what}; got ${this.types.join(" ")}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#changed.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  get texts(): string[] {
    return this.frames.filter((frame) => typeof frame === "string");
  }

  get binaries(): Uint8Array[] {
    return this.frames.filter((frame) => typeof frame !== "string");
  }

  /** Event types in order; binary frames as `frame 1`, `frame 4`. */
  get types(): string[] {
    return this.frames.map((frame) => (typeof frame === "string" ? eventOf(frame).type : `frame ${wordAt(frame, 0)}`));
  }

  /** The data of all events of a type. */
  dataOf(type: string): EventData[] {
    return this.texts.map(eventOf).flatMap((event) => (event.type === type ? [event.data] : []));
  }

  /** How many prompts have ended for this client. */
  get ended(): number {
    return this.dataOf("executing").filter(({ node }) => node === null).length;
  }

  /** Submits a prompt and gives the answer. */
  async submit(prompt: Graph, extra: Record<string, unknown> = {}): Promise<{ status: number; body: Answer }> {
    return call<Answer>(this.#url, "POST", "/prompt", { prompt, client_id: this.id, ...extra });
  }

  /** Submits a prompt and waits for its end; gives its id. */
  async run(prompt: Graph, extra: Record<string, unknown> = {}): Promise<string> {
    const before = this.ended;
    const { status, body } = await this.submit(prompt, extra);
    if (status !== 200) throw new Error(`refused: ${JSON.stringify(body)}`);
    await this.until(() => this.ended > before, "executing null");
    return body.prompt_id;
  }

  close(): void {
    this.socket.close();
  }
}

/** The event in a text frame. */
export function eventOf(text: string): { type: string; data: EventData } {
  return JSON.parse(text);
}

/** A big-endian word of a frame. */
export function wordAt(frame: Uint8Array, offset: number): number {
  return Buffer.from(frame).readUInt32BE(offset);
}

/** One HTTP exchange; a JSON answer is parsed, anything else is in `text`. */
export async function call<T = Answer>(
  url: string,
  method: string,
  path: string,
  json?: unknown,
): Promise<{ status: number; body: T; text: string }> {
  const body = json === undefined ? null : typeof json === "string" ? json : JSON.stringify(json);
  const response = await fetch(url + path, { method, body });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  return { status: response.status, body: JSON.parse(isJson ? text : "null"), text };
}

/** The history entry of a prompt, if there is one. */
export async function historyOf(url: string, promptId: string): Promise<Entry | undefined> {
  return (await call<Record<string, Entry>>(url, "GET", `/history/${promptId}`)).body[promptId];
}

/** The workflow of most tests: text to a 64×64 picture. */
export function txt2img(seed = 1, over: Partial<Record<"text" | "prefix", string>> & { steps?: number } = {}): Graph {
  return {
    "3": {
      class_type: "KSampler",
      inputs: {
        seed,
        steps: over.steps ?? 3,
        cfg: 2,
        sampler_name: "euler",
        scheduler: "normal",
        denoise: 1,
        model: ["4", 0],
        positive: ["6", 0],
        negative: ["7", 0],
        latent_image: ["5", 0],
      },
    },
    "4": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "easel-demo.safetensors" } },
    "5": { class_type: "EmptyLatentImage", inputs: { width: 64, height: 64, batch_size: 1 } },
    "6": { class_type: "CLIPTextEncode", inputs: { text: over.text ?? "a lighthouse in fog", clip: ["4", 1] } },
    "7": { class_type: "CLIPTextEncode", inputs: { text: "blurry", clip: ["4", 1] } },
    "8": { class_type: "VAEDecode", inputs: { samples: ["3", 0], vae: ["4", 2] } },
    "9": { class_type: "SaveImage", inputs: { filename_prefix: over.prefix ?? "cc", images: ["8", 0] } },
  };
}

/** A flat picture followed by one node and a preview: `1`, `2`, `3`. */
export function through(classType: string, inputs: Record<string, unknown> = {}, input = "images"): Graph {
  return {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: 255 } },
    "2": { class_type: classType, inputs: { [input]: ["1", 0], ...inputs } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  };
}

/** A form as a recording keeps it. */
export interface RecordedForm {
  readonly fields: Readonly<Record<string, string>>;
  readonly files: readonly { field: string; filename: string; content_type: string; b64: string }[];
}

/** One line of a recorded conversation. */
export interface CaptureLine {
  readonly ch?: "ws" | "http" | "note";
  readonly conn?: string;
  readonly dir?: "open" | "in" | "out" | "close";
  readonly text?: string;
  readonly b64?: string;
  readonly method?: string;
  readonly path?: string;
  readonly status?: number | null;
  readonly req?: string | { readonly multipart: RecordedForm } | null;
  readonly req_headers?: Record<string, string>;
  readonly res?: string | { readonly b64: string };
  readonly res_headers?: Record<string, string>;
  readonly meta?: { readonly workflow: Graph };
}

/** A recorded conversation with ComfyUI 0.27.0. */
export function capture(name: string): CaptureLine[] {
  const text = readFileSync(new URL(`../fixtures/comfyui-0.27.0/${name}.jsonl`, import.meta.url), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** The frames that `conn` received in a recording. */
export function captured(lines: readonly CaptureLine[], conn = "a"): Frame[] {
  return lines
    .filter((line) => line.ch === "ws" && line.dir === "in" && line.conn === conn)
    .map((line) => line.text ?? new Uint8Array(Buffer.from(line.b64 ?? "", "base64")));
}

/** A frame without what differs from run to run: ids, timestamps, random letters, picture bytes, error details. */
export function normal(frame: Frame): string {
  if (typeof frame !== "string") {
    const type = wordAt(frame, 0);
    const json = type === 4 ? Buffer.from(frame.subarray(8, 8 + wordAt(frame, 4))).toString() : "";
    const detail =
      type === 3 ? Buffer.from(frame.subarray(4)).toString("latin1") : type === 1 ? wordAt(frame, 4) : json;
    return `frame ${type} ${detail}`.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>");
  }
  const event = eventOf(frame);
  if (event.type === "execution_error") {
    return `execution_error ${Object.keys(event.data).join()} ${event.data.node_id} ${event.data.executed}`;
  }
  return frame
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>")
    .replaceAll(/"timestamp": \d+/g, '"timestamp": <t>')
    .replaceAll(/ComfyUI_temp_[a-z]{5}_/g, "<temp>_");
}

/** The workflow that a recording plays. */
export function workflowOf(name: string): Graph {
  const workflow = capture(name)[0]?.meta?.workflow;
  if (workflow === undefined) throw new Error(`${name} has no workflow`);
  return workflow;
}
