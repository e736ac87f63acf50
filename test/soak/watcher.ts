/**
 * A viewer that comes and goes: follows one job by WebSocket or SSE, loses its connection as planned and by accident,
 * comes back with its cursor, and judges every event by the rules that viewers are promised (PROTOCOL.md, V).
 */
import { WebSocket } from "ws";
import type { Job } from "../../src/contract/job.ts";
import { LIVE_PROTOCOL, type ViewerEvent } from "../../src/contract/viewer.ts";
import { previewHeader } from "../support/viewers.ts";
import type { PlannedViewer } from "./plan.ts";
import { ViewerLedger } from "./viewer-ledger.ts";

const AGAIN_MS = 120;

/** Where a viewer watches, and who it is. */
export type Place = { url: string; headers: Record<string, string> };

/** What came of one connection. */
type Visit = "left" | "broken";

export class Watcher {
  readonly plan: PlannedViewer;
  readonly ledger: ViewerLedger;
  readonly #place: Place;
  #leaves: PlannedViewer["leaves"];
  #stopped = false;
  #hangUp: () => void = () => {};

  constructor(place: Place, plan: PlannedViewer) {
    this.#place = place;
    this.plan = plan;
    this.#leaves = plan.leaves;
    this.ledger = new ViewerLedger(plan.role === "owner");
  }

  /** Watches until the end was seen, or until it is told to stop. */
  async watch(): Promise<void> {
    await pause(this.plan.joinsAfterMs);
    while (!this.#stopped && !this.ledger.over) {
      const leave = this.#leaves[0];
      this.ledger.connecting();
      const visit = await (this.plan.transport === "socket" ? this.#socket(leave) : this.#stream(leave));
      if (visit === "left") this.#leaves = this.#leaves.slice(1);
      await pause(visit === "left" && leave ? leave.awayMs : AGAIN_MS);
    }
  }

  /** Gives up. */
  stop(): void {
    this.#stopped = true;
    this.#hangUp();
  }

  get #query(): string {
    const after = this.ledger.cursor === null ? "" : `&after=${this.ledger.cursor}`;
    return `?previews=${this.plan.previews}${after}`;
  }

  #socket(leave: PlannedViewer["leaves"][number] | undefined): Promise<Visit> {
    return new Promise((resolve) => {
      const url = this.#place.url.replace(/^http/, "ws") + this.#query;
      const socket = new WebSocket(url, [LIVE_PROTOCOL], { headers: this.#place.headers, handshakeTimeout: 15_000 });
      let events = 0;
      let left = false;
      this.#hangUp = () => socket.terminate();
      socket.on("open", () => socket.send("ping"));
      socket.on("message", (data: Buffer, isBinary: boolean) => {
        if (left) return;
        if (isBinary) {
          const rev = previewHeader(new Uint8Array(data)).header.rev;
          socket.send(JSON.stringify({ type: "ready", rev }));
        } else {
          const text = data.toString("utf8");
          if (text !== "pong") this.ledger.heard(JSON.parse(text) as ViewerEvent<Job>);
        }
        events += 1;
        if (!leave || events < leave.afterEvents || this.ledger.ends > 0) return;
        left = true;
        socket.terminate();
      });
      socket.on("unexpected-response", (_request, response) => {
        this.ledger.refused(response.statusCode ?? 0);
        response.resume();
        socket.terminate();
      });
      socket.on("error", () => {});
      socket.on("close", (code) => {
        // Who has hung up does not hear the rest.
        if (!left) this.ledger.closed(code);
        resolve(left ? "left" : "broken");
      });
    });
  }

  async #stream(leave: PlannedViewer["leaves"][number] | undefined): Promise<Visit> {
    const abort = new AbortController();
    this.#hangUp = () => abort.abort();
    try {
      const headers = { accept: "text/event-stream", ...this.#place.headers };
      const answer = await fetch(this.#place.url + this.#query, { headers, signal: abort.signal });
      if (answer.status !== 200 || !answer.body) {
        this.ledger.refused(answer.status);
        await answer.body?.cancel();
        return "broken";
      }
      let rest = "";
      let events = 0;
      for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
        const blocks = (rest + chunk).split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) {
          const data = /^data: (.*)$/m.exec(block)?.[1];
          if (data === undefined) continue;
          this.ledger.heard(JSON.parse(data) as ViewerEvent<Job>);
          events += 1;
          if (!leave || events < leave.afterEvents || this.ledger.ends > 0) continue;
          abort.abort();
          return "left";
        }
      }
    } catch {
      // Hung up by us, or by a Worker that went down.
    }
    return "broken";
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
