/**
 * A receiver of webhooks on real TCP: keeps every request as it came, checks its signature with the official package,
 * and answers as it is told to, well or badly.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Webhook } from "standardwebhooks";
import { expect } from "vitest";
import { EVENT_SCHEMAS, type WebhookEvent, WebhookEventSchema } from "../../src/contract/webhook-bodies.ts";

/** How one request is answered. */
export type Manner =
  | { type: "answer"; status: number; headers?: Record<string, string>; body?: string; afterMs?: number }
  /** Takes the request and says nothing. */
  | { type: "hang" }
  /** 200 at once, then a byte now and then, without an end. */
  | { type: "drip"; everyMs: number }
  /** The status, and then as much as is taken. */
  | { type: "huge"; status: number }
  /** Cuts the connection in the place of an answer. */
  | { type: "cut" };

export const answer = (status: number, headers: Record<string, string> = {}, body = ""): Manner => ({
  type: "answer",
  status,
  headers,
  body,
});
export const OK = answer(204);

export type Received = {
  at: number;
  headers: Record<string, string>;
  body: string;
  event: WebhookEvent;
  /** What the official package says of the signature; null where the receiver has no secret. */
  accepted: boolean | null;
};

const STUCK = { timeout: 25_000, interval: 20 };

export class Receiver {
  readonly requests: Received[] = [];
  /** Checks all that comes. */
  secret: string | null = null;
  /** Done with each request before it counts and is answered. */
  onReceived: (received: Received) => Promise<void> = async () => {};
  /** Bytes of answers that were taken from us. */
  sentBytes = 0;
  #server: Server | null = null;
  #port = 0;
  #manners: Manner[] = [];
  #usual: Manner = OK;
  readonly #sockets = new Set<Socket>();
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Starts one. The caller closes it. */
  static async start(path = "/hooks/easel"): Promise<Receiver> {
    const receiver = new Receiver(path);
    await receiver.open();
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}${this.#path}`;
  }

  /** Answers the next requests so, one each, and then as usual. */
  next(...manners: Manner[]): this {
    this.#manners = manners;
    return this;
  }

  /** Answers so from now on, unless told otherwise for the next. */
  usually(manner: Manner): this {
    this.#usual = manner;
    return this;
  }

  /** What came of this job, or all. */
  of(jobId: string | null = null): Received[] {
    return this.requests.filter(({ headers }) => jobId === null || headers["easel-job-id"] === jobId);
  }

  /** Waits for what came of this job to fit. */
  async until(fits: (received: Received[]) => boolean, jobId: string | null = null): Promise<Received[]> {
    await expect.poll(() => fits(this.of(jobId)), STUCK).toBe(true);
    return this.of(jobId);
  }

  /** The event of this type that a job's receiver gets. */
  async event(type: WebhookEvent["type"], jobId: string | null = null): Promise<Received> {
    const found = (received: Received[]) => received.find(({ event }) => event.type === type);
    const received = found(await this.until((all) => found(all) !== undefined, jobId));
    if (!received) throw new Error(`No ${type}`);
    return received;
  }

  /** Listens (again), at the port that it had. */
  async open(): Promise<void> {
    const server = createServer((request, response) => void this.#hear(request, response));
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Refuses connections from now on, and cuts those that are open. */
  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = null;
    const closed = once(server, "close");
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString("utf8");
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const event = WebhookEventSchema.parse(JSON.parse(body));
    expect(EVENT_SCHEMAS[event.type].strict().parse(event)).toEqual(event);
    const received = { at: Date.now(), headers, body, event, accepted: this.#check(headers, body) };
    await this.onReceived(received);
    this.requests.push(received);
    this.#answer(this.#manners.shift() ?? this.#usual, response);
  }

  #check(headers: Record<string, string>, body: string): boolean | null {
    if (this.secret === null) return null;
    try {
      new Webhook(this.secret).verify(body, headers);
      return true;
    } catch {
      return false;
    }
  }

  #answer(manner: Manner, response: ServerResponse): void {
    switch (manner.type) {
      case "answer": {
        const say = () => response.writeHead(manner.status, manner.headers).end(manner.body);
        if (manner.afterMs === undefined) say();
        else setTimeout(say, manner.afterMs);
        return;
      }
      case "hang":
        return;
      case "drip": {
        response.writeHead(200);
        const timer = setInterval(() => response.write("."), manner.everyMs);
        response.on("close", () => clearInterval(timer));
        return;
      }
      case "huge": {
        response.writeHead(manner.status);
        const part = Buffer.alloc(16_384, "huge ");
        const pour = () => {
          while (!response.destroyed && response.write(part)) this.sentBytes += part.length;
        };
        response.on("drain", pour);
        return pour();
      }
      case "cut":
        response.socket?.destroy();
    }
  }
}
