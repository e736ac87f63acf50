/**
 * The server under test as a check sees it: real or fake, always over TCP. What a check leaves behind (sockets, queued and
 * running prompts, history entries of its own) is cleared away when it ends.
 */
import type { FakeFault } from "../../../src/fake/faults.ts";
import type { FakeOptions } from "../../../src/fake/options.ts";
import { since } from "../../../src/fake/version.ts";
import { Client, type Connecting } from "./client.ts";
import { eventually } from "./expect.ts";
import { form } from "./form.ts";
import { type Graph, type GraphNode, quick, slow, ticking } from "./graphs.ts";
import { type Answer, call, type Endpoint, type Entry, exchange, historyOf, type Reply, type Sending } from "./http.ts";

/** What only a fake can be told. */
export interface FakeControl {
  fault(fault: FakeFault): void;
  kill(): Promise<void>;
  revive(): Promise<void>;
  /** Another fake of the same version with other settings; it ends with the check. */
  with(options: Partial<FakeOptions>): Promise<ConformanceServer>;
  close(): Promise<void>;
}

/** What is known about a server before the checks. */
export interface ServerFacts extends Endpoint {
  readonly version: string;
  /** Whether nobody else minds: a global interrupt, a cleared queue, an emptied cache. */
  readonly exclusive: boolean;
  /** The checkpoint for checks that sample. */
  readonly checkpoint: string;
}

/** A prompt that runs until it is released. */
export interface Held {
  readonly client: Client;
  readonly promptId: string;
  /** Interrupts it and waits for its end. */
  release(): Promise<void>;
}

/** One server for one check. */
export class ConformanceServer implements ServerFacts {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly patienceMs: number;
  readonly version: string;
  readonly exclusive: boolean;
  readonly checkpoint: string;
  /** Null on a real server. */
  readonly fake: FakeControl | null;
  readonly #clients: Client[] = [];
  readonly #submitted: string[] = [];

  constructor(facts: ServerFacts, fake: FakeControl | null) {
    this.url = facts.url;
    this.headers = facts.headers ?? {};
    this.patienceMs = facts.patienceMs ?? 3000;
    this.version = facts.version;
    this.exclusive = facts.exclusive;
    this.checkpoint = facts.checkpoint;
    this.fake = fake;
  }

  /** Whether the server is the release `first` or a later one. */
  since(first: string): boolean {
    return since(this.version, first);
  }

  call<T = Answer>(method: string, path: string, json?: unknown): Promise<Reply<T>> {
    return call<T>(this, method, path, json);
  }

  send(path: string, sending?: Sending): Promise<Reply> {
    return exchange(this, path, sending);
  }

  history(promptId: string): Promise<Entry | undefined> {
    return historyOf(this, promptId);
  }

  async open(connecting?: Connecting): Promise<Client> {
    const client = await Client.open(this, connecting);
    this.#clients.push(client);
    return client;
  }

  /** Runs a prompt to its end; the client has seen all of it. */
  async play(graph: Graph): Promise<Client> {
    const client = await this.open();
    await client.run(graph);
    return client;
  }

  /** Submits a prompt that nobody listens to; `extra` may hold an id of its own. */
  async submit(prompt: Graph, extra: Record<string, unknown> = {}): Promise<Reply> {
    const reply = await this.call("POST", "/prompt", { prompt, prompt_id: crypto.randomUUID(), ...extra });
    if (reply.status === 200) this.#submitted.push(reply.body.prompt_id);
    return reply;
  }

  /** A colour that no earlier prompt is likely to have used: what it paints is in no cache. */
  colour(): number {
    return Math.floor(Math.random() * 0xffffff);
  }

  /** A small prompt that is in no cache. */
  quick(): Graph {
    return quick(this.colour());
  }

  /** A prompt that runs for seconds unless it is interrupted. */
  long(): Graph {
    return this.fake === null ? slow(this.colour()) : ticking(this.colour());
  }

  /** A node that passes validation and then raises: it loads a file that is no picture. */
  async brokenLoad(): Promise<GraphNode> {
    const file = { name: `conformance-${this.colour()}.png`, content: "no picture" };
    const { body } = await this.send("/upload/image", { body: form(file, { type: "temp" }) });
    return { class_type: "LoadImage", inputs: { image: `${body.name} [temp]` } };
  }

  /** Runs a long prompt so that others have to wait behind it. */
  async hold(extra: Record<string, unknown> = {}): Promise<Held> {
    const client = await this.open();
    const { body } = await client.submit(this.long(), extra);
    const promptId = body.prompt_id;
    await client.until(() => client.dataOf("executing").some(({ node }) => node !== "1"), "its second node");
    const release = async (): Promise<void> => {
      await this.interrupt(promptId);
      await client.until(() => client.ended === 1, "end of the interrupted prompt");
    };
    return { client, promptId, release };
  }

  /** Interrupts this prompt and no other. */
  interrupt(promptId: string): Promise<Reply> {
    return this.call("POST", "/interrupt", { prompt_id: promptId });
  }

  async pending(): Promise<readonly string[]> {
    return (await this.call("GET", "/queue")).body.queue_pending.map(([, id]) => id);
  }

  /** Makes something go wrong. Checks that call it are marked as in need of a fake. */
  fault(fault: FakeFault): void {
    this.control.fault(fault);
  }

  get control(): FakeControl {
    if (this.fake === null) throw new Error("this check needs a fake");
    return this.fake;
  }

  /** Ends the check: a fake is closed, a real server is left as it was. */
  async close(): Promise<void> {
    for (const { socket } of this.#clients) socket.terminate();
    if (this.fake !== null) return this.fake.close();
    const ours = new Set([...this.#submitted, ...this.#clients.flatMap(({ submitted }) => submitted)]);
    if (ours.size === 0) return;
    await this.call("POST", "/queue", { delete: [...ours] });
    await eventually(() => this.#isRidOf(ours), "our prompts are gone from the queue", this.patienceMs);
    await this.call("POST", "/history", { delete: [...ours] });
  }

  /** Interrupts what runs of these prompts; whether none was left. */
  async #isRidOf(ours: ReadonlySet<string>): Promise<boolean> {
    const running = (await this.call("GET", "/queue")).body.queue_running.filter(([, id]) => ours.has(id));
    for (const [, id] of running) await this.interrupt(id);
    return running.length === 0;
  }
}
