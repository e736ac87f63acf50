/** Viewers of a job as a client program would be one: by WebSocket or SSE, keeping all that they are sent. */
import { WebSocket } from "ws";
import type { Job } from "../../src/contract/job.ts";
import type { ViewerEvent, ViewerEventType } from "../../src/contract/viewer.ts";

const STUCK_MS = 25_000;

type EventOf<T extends ViewerEventType> = Extract<ViewerEvent<Job>, { type: T }>;

/** What a viewer has seen so far, and a way to wait for more. */
export class Viewer {
  readonly events: ViewerEvent<Job>[] = [];
  /** Binary frames, in order. */
  readonly frames: Uint8Array[] = [];
  /** Everything that came, as text. */
  raw = "";
  /** The close code of a socket; null while it is open, 0 for a stream that has ended. */
  closedWith: number | null = null;
  readonly #hangUp: () => void;
  readonly #say: (text: string) => void;
  #wake: (() => void)[] = [];

  constructor(hangUp: () => void, say: (text: string) => void) {
    this.#hangUp = hangUp;
    this.#say = say;
  }

  /** Resolves with the first truthy answer of `look`, asked whenever something came. */
  async until<T>(look: () => T, what: string): Promise<NonNullable<T>> {
    const deadline = setTimeout(() => this.wake(), STUCK_MS);
    const stuckAt = Date.now() + STUCK_MS - 50;
    try {
      for (;;) {
        const found = look();
        if (found) return found as NonNullable<T>;
        if (Date.now() > stuckAt) {
          throw new Error(`Never came: ${what}. Got ${this.types.join()}, closed with ${this.closedWith}`);
        }
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  /** The first event of a type. */
  first<T extends ViewerEventType>(type: T): Promise<EventOf<T>> {
    return this.until(() => this.events.find((event): event is EventOf<T> => event.type === type), type);
  }

  /** All events of a type so far. */
  all<T extends ViewerEventType>(type: T): EventOf<T>[] {
    return this.events.filter((event): event is EventOf<T> => event.type === type);
  }

  /** Resolves with the close code (0 for a stream). */
  async closed(): Promise<number> {
    await this.until(() => this.closedWith !== null, "the end of the connection");
    return this.closedWith ?? 0;
  }

  /** The nodes whose outputs this viewer knows of: from its greeting, then one by one. */
  get outputNodes(): string[] {
    const greeted = this.all("hello").flatMap(({ data }) => data.job?.outputs ?? []);
    return [...greeted, ...this.all("output").map(({ data }) => data.output)].map((output) => output.node_id);
  }

  get types(): string[] {
    return this.events.map((event) => event.type);
  }

  /** The counters of all events that have one. */
  get seqs(): number[] {
    return this.events.flatMap((event) => event.seq ?? []);
  }

  say(message: unknown): void {
    this.#say(typeof message === "string" ? message : JSON.stringify(message));
  }

  close(): void {
    this.#hangUp();
  }

  /** For the transports: something has come. */
  wake(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const one of waiting) one();
  }
}

/** The JSON head of a preview frame of type 4. */
export function previewHeader(frame: Uint8Array): { type: number; header: Record<string, unknown>; image: Uint8Array } {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const length = view.getUint32(4);
  const header = JSON.parse(new TextDecoder().decode(frame.subarray(8, 8 + length))) as Record<string, unknown>;
  return { type: view.getUint32(0), header, image: frame.subarray(8 + length) };
}

/** Watches over a WebSocket; resolves when it is open. Previews are acknowledged unless told otherwise. */
export async function watchSocket(
  url: string,
  { headers = {}, acknowledge = true }: { headers?: Record<string, string>; acknowledge?: boolean } = {},
): Promise<Viewer> {
  const socket = new WebSocket(url, ["easel.live.v1"], { headers });
  const viewer = new Viewer(
    () => socket.close(),
    (text) => socket.send(text),
  );
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (isBinary) {
      const frame = new Uint8Array(data);
      viewer.frames.push(frame);
      viewer.raw += data.toString("latin1");
      if (acknowledge) viewer.say({ type: "ready", rev: previewHeader(frame).header.rev });
    } else {
      const text = data.toString("utf8");
      viewer.raw += text;
      if (text.startsWith("{")) viewer.events.push(JSON.parse(text) as ViewerEvent<Job>);
    }
    viewer.wake();
  });
  socket.on("close", (code) => {
    viewer.closedWith = code;
    viewer.wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  socket.on("error", () => {});
  // A heartbeat, as programs send it. (workerd 1.20261117 leaves the TCP connection of a hibernatable socket open after
  // the closing handshake if the client never sent a message; the Close frame itself comes at once.)
  viewer.say("ping");
  return viewer;
}

/** Watches over SSE; resolves when the stream has begun. */
export async function watchStream(url: string, headers: Record<string, string> = {}): Promise<Viewer> {
  const abort = new AbortController();
  const viewer = new Viewer(
    () => abort.abort(),
    () => {
      throw new Error("A stream is read only.");
    },
  );
  const response = await fetch(url, { headers: { accept: "text/event-stream", ...headers }, signal: abort.signal });
  if (response.status !== 200 || !response.body) throw new Error(`The stream answered ${response.status}.`);
  void read(response.body.pipeThrough(new TextDecoderStream()), viewer);
  return viewer;
}

async function read(body: ReadableStream<string>, viewer: Viewer): Promise<void> {
  let rest = "";
  try {
    for await (const chunk of body) {
      viewer.raw += chunk;
      const blocks = (rest + chunk).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data !== undefined) viewer.events.push(JSON.parse(data) as ViewerEvent<Job>);
      }
      viewer.wake();
    }
  } catch {
    // Hung up by us, or by a Worker that was stopped.
  }
  viewer.closedWith = 0;
  viewer.wake();
}
