/**
 * The baseline: what the shortest honest script does with a ComfyUI, one socket and three requests. It watches,
 * fetches the result into memory and is done; it stores nothing and survives nothing.
 */
import { randomUUID } from "node:crypto";
import WebSocket from "ws";
import { nowMs } from "./clock.ts";

/** A text frame of the run, and when it came. */
export type Heard = { type: string; data: Record<string, unknown>; at: number };

export type BareRun = {
  promptId: string;
  heard: Heard[];
  /** When the last output was taken. */
  doneAt: number;
  outputBytes: number;
};

type History = Record<string, { outputs: Record<string, { images?: { filename: string; subfolder: string }[] }> }>;

export class BareClient {
  readonly #url: string;
  readonly #clientId = randomUUID();
  readonly #socket: WebSocket;
  #listener: (heard: Heard) => void = () => {};

  private constructor(url: string) {
    this.#url = url;
    this.#socket = new WebSocket(`${url.replace("http", "ws")}/ws?clientId=${this.#clientId}`, {
      perMessageDeflate: false,
    });
    this.#socket.on("message", (data, isBinary) => {
      const at = nowMs();
      if (!isBinary) this.#listener({ ...(JSON.parse(data.toString()) as Omit<Heard, "at">), at });
    });
  }

  /** Connects. */
  static async open(url: string): Promise<BareClient> {
    const client = new BareClient(url);
    await new Promise((resolve, reject) => client.#socket.once("open", resolve).once("error", reject));
    return client;
  }

  /** Queues a prompt and resolves when ComfyUI has taken it. */
  async submit(prompt: Record<string, unknown>): Promise<string> {
    const body = JSON.stringify({ prompt, client_id: this.#clientId });
    const answer = await fetch(`${this.#url}/prompt`, { method: "POST", body });
    const { prompt_id } = (await answer.json()) as { prompt_id?: string };
    if (prompt_id === undefined) throw new Error("ComfyUI refused the graph.");
    return prompt_id;
  }

  /** Runs a prompt to its end and takes its outputs; `take` gets each one's URL and answers its size. */
  async run(prompt: Record<string, unknown>, take: (url: string) => Promise<number> = read): Promise<BareRun> {
    const heard: Heard[] = [];
    const over = new Promise<void>((resolve) => {
      this.#listener = (one) => {
        heard.push(one);
        // The last event of a prompt; its history entry is written before.
        if (one.type === "executing" && one.data.node === null) resolve();
      };
    });
    const promptId = await this.submit(prompt);
    await over;
    const history = (await (await fetch(`${this.#url}/history/${promptId}`)).json()) as History;
    const files = Object.values(history[promptId]?.outputs ?? {}).flatMap((output) => output.images ?? []);
    const sizes = await Promise.all(
      files.map(({ filename, subfolder }) =>
        take(`${this.#url}/view?${new URLSearchParams({ filename, subfolder, type: "output" })}`),
      ),
    );
    return { promptId, heard, doneAt: nowMs(), outputBytes: sizes.reduce((sum, size) => sum + size, 0) };
  }

  /** Stops whatever runs. */
  async interrupt(): Promise<void> {
    await fetch(`${this.#url}/interrupt`, { method: "POST" });
  }

  close(): void {
    this.#socket.close();
  }
}

/** Reads a file into memory. */
const read = async (url: string): Promise<number> => (await (await fetch(url)).arrayBuffer()).byteLength;
