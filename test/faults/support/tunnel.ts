/**
 * What stands between the Worker and the fake ComfyUI: a tunnel that can hold calls at its door, cut or forget
 * connections, and lose answers. ComfyUI's own faults are the fake's (src/fake/faults.ts).
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Which calls a rule is about. `path` is without query; upgrades have the path `/ws`. */
export type Matches = (method: string, path: string) => boolean;

/** Everything. */
export const ANY_CALL: Matches = () => true;
/** Results on their way to us. */
export const DOWNLOADS: Matches = (_method, path) => path === "/view";
/** Sockets being opened. */
export const UPGRADES: Matches = (_method, path) => path === "/ws";

type Pipe = { near: Duplex; far: Socket };
type Door = { matches: Matches; arrived(): void; opened: Promise<void>; open(): void };

/** A tunnel on a free port; it leads nowhere until `leadTo`. */
export class Tunnel {
  #server = createServer((call, answer) => void this.#call(call, answer));
  #target = { host: "127.0.0.1", port: 0 };
  #pipes = new Set<Pipe>();
  #waiting = new Set<Duplex>();
  #door: Door | null = null;
  #swallow: { matches: Matches; left: number } | null = null;
  #hole = false;
  url = "";

  /** Listens on a free port. */
  async start(): Promise<void> {
    this.#server.on("upgrade", (call, near, head) => void this.#upgrade(call, near, head));
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Leads to this port from now on. */
  leadTo(port: number): void {
    this.#target = { ...this.#target, port };
  }

  /** Holds matching calls until `letThrough`; resolves when the first has come. */
  hold(matches: Matches): Promise<void> {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return new Promise((resolve) => {
      this.#door = { matches, arrived: resolve, opened, open };
    });
  }

  /** Lets go what is held, and holds nothing more. */
  letThrough(): void {
    this.#door?.open();
    this.#door = null;
  }

  /** All sockets end without a close frame, on both sides, and those held at the door too. */
  cut(): void {
    for (const { near, far } of this.#pipes) {
      near.destroy();
      far.destroy();
    }
    for (const near of this.#waiting) near.destroy();
  }

  /** Sockets end for the Worker; ComfyUI learns of it only `lingerMs` later, as behind a proxy (protocol §2.2). */
  cutNear(lingerMs: number): void {
    for (const { near, far } of this.#pipes) {
      near.unpipe(far);
      far.unpipe(near);
      far.resume();
      near.removeAllListeners("close");
      near.destroy();
      setTimeout(() => far.destroy(), lingerMs);
    }
  }

  /** The next `count` matching calls reach ComfyUI, and their answers reach nobody. */
  swallowAnswers(matches: Matches, count = 1): void {
    this.#swallow = { matches, left: count };
  }

  /** Nothing comes through any more, and nobody is told: neither calls nor sockets end. */
  vanish(): void {
    this.#hole = true;
    for (const { near, far } of this.#pipes) {
      near.unpipe(far);
      far.unpipe(near);
      far.resume();
      near.resume();
    }
  }

  /** Works again; what is still open is cut. */
  reset(): void {
    this.letThrough();
    this.#hole = false;
    this.#swallow = null;
    this.cut();
  }

  close(): Promise<void> {
    this.reset();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #enter(call: IncomingMessage): Promise<"through" | "lost"> {
    const path = (call.url ?? "").split("?", 1)[0] ?? "";
    const method = call.method ?? "";
    const door = this.#door;
    if (door?.matches(method, path)) {
      door.arrived();
      await door.opened;
    }
    if (this.#hole) return "lost";
    const swallow = this.#swallow;
    if (!swallow?.matches(method, path)) return "through";
    swallow.left -= 1;
    if (swallow.left <= 0) this.#swallow = null;
    return "lost";
  }

  async #call(call: IncomingMessage, answer: ServerResponse): Promise<void> {
    const fate = await this.#enter(call);
    // Without an agent every call has a connection of its own, so that none dies with another's.
    const onward = request(
      { ...this.#target, path: call.url, method: call.method, headers: call.headers, agent: false },
      (reply) => {
        if (fate === "lost") {
          reply.resume();
          return;
        }
        answer.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.on("error", () => answer.destroy());
        reply.on("aborted", () => answer.destroy());
        reply.pipe(answer);
      },
    );
    onward.on("error", () => fate === "through" && answer.destroy());
    answer.on("close", () => !answer.writableFinished && onward.destroy());
    if (this.#hole) onward.destroy();
    else call.pipe(onward);
  }

  async #upgrade(call: IncomingMessage, near: Duplex, head: Buffer): Promise<void> {
    near.on("error", () => near.destroy());
    this.#waiting.add(near);
    const fate = await this.#enter(call);
    if (near.destroyed || fate === "lost") return;
    this.#waiting.delete(near);
    const far = connect(this.#target.port, this.#target.host);
    const pipe = { near, far };
    this.#pipes.add(pipe);
    far.on("error", () => far.destroy());
    far.on("close", () => {
      this.#pipes.delete(pipe);
      if (!this.#hole) near.destroy();
    });
    near.on("close", () => far.destroy());
    const headers = call.rawHeaders.flatMap((name, at, all) => (at % 2 === 0 ? [`${name}: ${all[at + 1]}\r\n`] : []));
    far.write(`${call.method} ${call.url} HTTP/1.1\r\n${headers.join("")}\r\n`);
    far.write(head);
    near.pipe(far);
    far.pipe(near);
  }
}
