/** A client whose network, clock and sockets are played by the test. */

import { sampleJob } from "../../scripts/page-samples.ts";
import { type Client, type ClientOptions, createClient } from "../../src/client/create-client.ts";
import type { Fetch } from "../../src/client/http.ts";
import type { WebSocketLike } from "../../src/client/job-sockets.ts";
import type { Job } from "../../src/contract/job.ts";
import type { ViewerEvent } from "../../src/contract/viewer.ts";
import { must } from "../../src/core/util/assert.ts";
import { scriptedPorts } from "./scripted-ports.ts";

export const JOB_ID = "job_01kag3x7p2v9m4t8r6c5n1d0ze";

/** The owner's job, with `changes`. */
export const ownJob = (changes: Partial<Job> = {}): Job => ({
  ...sampleJob(),
  workflow: null,
  user: "ana",
  metadata: {},
  priority: "normal",
  rerun_of: null,
  inputs: {},
  error: null,
  share: null,
  backend: null,
  links: { self: "", events: "", websocket: "", cancel: "", rerun: "" },
  ...changes,
});

/** An error as the service answers it. */
export function problem(status: number, code: string, more: Record<string, unknown> = {}): Response {
  const body = {
    code,
    status,
    detail: `about ${code}`,
    retryable: false,
    retry_after_ms: null,
    user_message: "For people.",
    errors: [],
    request_id: "req_1",
    ...more,
  };
  return Response.json(body, { status });
}

/** A socket that the test plays; the newest is the last in `sockets`. */
export class PlayedSocket implements WebSocketLike {
  static sockets: PlayedSocket[] = [];
  readyState = 1;
  readonly sent: string[] = [];
  readonly url: string;
  readonly protocols: string[];
  readonly options: { headers: Record<string, string> } | undefined;
  readonly #listeners = new Map<string, (event: { data?: unknown; code?: number }) => void>();

  constructor(url: string, protocols: string[], options?: { headers: Record<string, string> }) {
    this.url = url;
    this.protocols = protocols;
    this.options = options;
    PlayedSocket.sockets.push(this);
  }

  send(data: string): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 3;
  }

  addEventListener(type: string, listener: (event: { data?: unknown; code?: number }) => void): void {
    this.#listeners.set(type, listener);
  }

  play(type: string, event: { data?: unknown; code?: number } = {}): void {
    must(this.#listeners.get(type), `a listener of ${type}`)(event);
  }

  say(event: ViewerEvent<Job>): void {
    this.play("message", { data: JSON.stringify(event) });
  }
}

/** A store in memory, and what is in it. */
export function memoryStore() {
  const entries = new Map<string, string>();
  return {
    entries,
    get: async (key: string) => entries.get(key) ?? null,
    set: async (key: string, value: string) => void entries.set(key, value),
    delete: async (key: string) => void entries.delete(key),
  };
}

/** The client and the hands of the test. `tokens` are given one after the other, the last for ever. */
export function scriptedClient(options: Partial<ClientOptions> & { tokens?: string[] } = {}) {
  const script = scriptedPorts();
  const tokens = [...(options.tokens ?? ["t1"])];
  const refused: (string | undefined)[] = [];
  PlayedSocket.sockets = [];
  const client: Client = createClient({
    baseUrl: "https://api.example/",
    token: (token) => {
      refused.push(token);
      return tokens.length > 1 ? must(tokens.shift(), "a token") : (tokens[0] ?? "");
    },
    fetch: script.ports.fetch as Fetch,
    webSocket: PlayedSocket,
    clock: script.ports,
    ...options,
  });
  const request = (at = -1) => must(script.requests.at(at), "a request");
  const socket = (at = -1) => must(PlayedSocket.sockets.at(at), "a socket");
  const bodyOf = (at = -1) => JSON.parse(String(request(at).init.body)) as Record<string, unknown>;
  /** Answers the newest request and lets its reader go on. */
  const answer = async (response: Response) => {
    request().answer(response);
    await script.settle();
    await script.settle();
  };
  return { ...script, client, refused, request, socket, bodyOf, answer };
}
