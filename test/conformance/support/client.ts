/** A ComfyUI client with one WebSocket that keeps every frame, so that a check can wait for one and count them later. */
import WebSocket from "ws";
import { type EventData, eventOf, type Frame, typeOf } from "./events.ts";
import type { Graph } from "./graphs.ts";
import { type Answer, call, type Endpoint, type Reply } from "./http.ts";

/** How a client connects. */
export interface Connecting {
  /** The `clientId`; a fresh one if not given, none if empty. */
  readonly id?: string;
  /** Whether it asks for preview metadata in its first message; yes if not said. */
  readonly flags?: boolean;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const PATIENCE_MS = 3000;

/** A connected client. */
export class Client {
  readonly id: string;
  readonly frames: Frame[] = [];
  /** When each frame came, in ms of `performance.now()`. */
  readonly times: number[] = [];
  readonly socket: WebSocket;
  /** The prompts it has submitted. */
  readonly submitted: string[] = [];
  closeCode: number | null = null;
  pings = 0;
  readonly #endpoint: Endpoint;
  #changed: (() => void)[] = [];

  private constructor(endpoint: Endpoint, id: string, { path = "/ws", headers }: Connecting) {
    this.#endpoint = endpoint;
    this.id = id;
    const url = `${endpoint.url.replace("http", "ws")}${path}?clientId=${id}`;
    this.socket = new WebSocket(url, { perMessageDeflate: false, headers: { ...endpoint.headers, ...headers } });
    this.socket.on("message", (data: Buffer, isBinary) => {
      this.frames.push(isBinary ? new Uint8Array(data) : data.toString("utf8"));
      this.times.push(performance.now());
      this.#notify();
    });
    this.socket.on("ping", () => {
      this.pings++;
    });
    this.socket.on("close", (code) => {
      this.closeCode = code;
      this.#notify();
    });
    this.socket.on("error", () => {});
  }

  /** Connects; resolves once the greeting (and the server's flags, if asked for) has come. */
  static async open(endpoint: Endpoint, connecting: Connecting = {}): Promise<Client> {
    const client = new Client(endpoint, connecting.id ?? crypto.randomUUID(), connecting);
    await client.until(() => client.frames.length > 0, "first frame");
    if (connecting.flags === false) return client;
    client.send({ type: "feature_flags", data: { supports_preview_metadata: true } });
    await client.until(() => client.types.includes("feature_flags"), "flags");
    return client;
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  #notify(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const wake of waiting) wake();
  }

  /** Resolves as soon as `done` holds; looks again at each frame. Fails when the endpoint's patience is over. */
  async until(done: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + (this.#endpoint.patienceMs ?? PATIENCE_MS);
    while (!done()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited for ${what}; got ${this.types.join(" ") || "nothing"}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#changed.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Resolves when an event of this type has come. */
  seen(type: string): Promise<void> {
    return this.until(() => this.types.includes(type), type);
  }

  /** Resolves with the code when the connection has ended. */
  async closed(): Promise<number> {
    await this.until(() => this.closeCode !== null, "close");
    return this.closeCode ?? 0;
  }

  /** A ping and its pong: what the server sent before has arrived, what it was sent has been read. */
  async settle(): Promise<void> {
    let answered = false;
    this.socket.once("pong", () => {
      answered = true;
      this.#notify();
    });
    this.socket.ping();
    await this.until(() => answered, "pong");
  }

  get texts(): string[] {
    return this.frames.filter((frame) => typeof frame === "string");
  }

  get binaries(): Uint8Array[] {
    return this.frames.filter((frame) => typeof frame !== "string");
  }

  /** Event types in order; binary frames as `frame 1`, `frame 4`. */
  get types(): string[] {
    return this.frames.map(typeOf);
  }

  /** The data of all events of a type. */
  dataOf(type: string): EventData[] {
    return this.texts.map(eventOf).flatMap((event) => (event.type === type ? [event.data] : []));
  }

  /** How many prompts have ended for this client. */
  get ended(): number {
    return this.dataOf("executing").filter(({ node }) => node === null).length;
  }

  /** Forgets the frames so far. */
  forget(): void {
    this.frames.length = 0;
    this.times.length = 0;
  }

  /** Submits a prompt under an id of ours and gives the answer. */
  async submit(prompt: Graph, extra: Record<string, unknown> = {}): Promise<Reply> {
    const body = { prompt, client_id: this.id, prompt_id: crypto.randomUUID(), ...extra };
    this.submitted.push(body.prompt_id);
    return call<Answer>(this.#endpoint, "POST", "/prompt", body);
  }

  /** Submits a prompt and waits for its end; gives its id. */
  async run(prompt: Graph, extra: Record<string, unknown> = {}): Promise<string> {
    const before = this.ended;
    const { status, body } = await this.submit(prompt, extra);
    if (status !== 200) throw new Error(`refused with ${status}: ${JSON.stringify(body)}`);
    await this.until(() => this.ended > before, "executing null");
    return body.prompt_id;
  }

  close(): void {
    this.socket.close();
  }
}

/** The status of the answer to a WebSocket upgrade; 101 if it is accepted. */
export function upgradeStatus(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace("http", "ws"), { headers: { ...headers } });
    socket.on("unexpected-response", (_, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.on("open", () => {
      resolve(101);
      socket.terminate();
    });
    socket.on("error", reject);
  });
}
