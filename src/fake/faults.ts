/**
 * Everything that can be made to go wrong, by name. A fault strikes at once or waits for its trigger; faults of calls and
 * of messages then lie in wait for the next `count` matches.
 */
import type { Call } from "./http.ts";
import type { Json } from "./json.ts";
import { NodeFailure } from "./nodes/value.ts";
import type { Outgoing } from "./sockets.ts";

/** When a fault strikes: at once, at the n-th tick of a prompt, when a node is announced, or at an HTTP call. */
export type FaultTrigger =
  | { readonly type: "now" }
  | { readonly type: "atStep"; readonly step: number }
  | { readonly type: "atNode"; readonly nodeId: string }
  /** `path` without `/api` and query; ComfyUI handles the call after the fault has struck. */
  | { readonly type: "onCall"; readonly path: string; readonly method?: string };

/** Faults that strike once. */
export type InstantFault =
  /** All sockets end without a close frame (1006). */
  | { readonly type: "cut" }
  /** All sockets now open stay open and get nothing any more. */
  | { readonly type: "silent" }
  /** The process ends and is back after `downMs`: queue, history, temp files and counter are gone. */
  | { readonly type: "restart"; readonly downMs: number }
  /** The process ends and stays away until `start()`. */
  | { readonly type: "kill" }
  /** Frames that no decoder knows: bad JSON, empty and truncated binary, unknown types. */
  | { readonly type: "garbage" }
  /** Frames of other packs: WEBP labelled JPEG, image at offset 28, at offset 32, type 99 (protocol §3). */
  | { readonly type: "oddFrames" }
  /** One type 1 frame of this many bytes to everybody. */
  | { readonly type: "bigFrame"; readonly bytes: number }
  /** The worker thread dies: prompts are accepted and never run; HTTP lives (P2). */
  | { readonly type: "workerDeath" }
  /** HTTP and sockets are silent for `ms`, then everything comes at once (P6). */
  | { readonly type: "freeze"; readonly ms: number }
  /** Events are held back for `ms` by a stalled reader; HTTP goes on (P4). */
  | { readonly type: "stall"; readonly ms: number }
  /** Somebody deletes the pending prompt (the first one if no id is given). */
  | { readonly type: "deleteJob"; readonly promptId?: string }
  /** Somebody interrupts what runs. */
  | { readonly type: "interrupt" }
  /** An event of any type and data, to everybody. */
  | { readonly type: "emit"; readonly event: string; readonly data: Json };

/** Faults that wait for the next `count` (default 1) calls they concern. */
export type CallFault =
  /** POST /prompt queues the prompt and answers 500. */
  | { readonly type: "post500"; readonly count?: number }
  /** POST /prompt queues the prompt and the connection ends without an answer. */
  | { readonly type: "postDrop"; readonly count?: number }
  /** POST /prompt answers `ms` later than it takes effect: events come first. */
  | { readonly type: "postDelay"; readonly ms: number; readonly count?: number }
  /** Every call and upgrade is answered with this status by something in front of ComfyUI. */
  | { readonly type: "refuse"; readonly status: number; readonly count?: number }
  | { readonly type: "view404"; readonly count?: number }
  | { readonly type: "viewTruncated"; readonly afterBytes: number; readonly count?: number }
  | { readonly type: "viewSlow"; readonly chunkBytes: number; readonly everyMs: number; readonly count?: number };

/** Faults of the next `count` messages of type `event` (any type but previews if not given). */
export type MessageFault =
  | { readonly type: "drop"; readonly event?: string; readonly count?: number }
  | { readonly type: "duplicate"; readonly event?: string; readonly count?: number };

/** Faults of the next prompts. */
export type RunFault =
  /** The node (the next one if no id is given) raises. */
  | {
      readonly type: "nodeError";
      readonly nodeId?: string;
      readonly message?: string;
      readonly exceptionType?: string;
      readonly count?: number;
    }
  /** History shows the entry this much after `executing null`. */
  | { readonly type: "historyLate"; readonly ms: number; readonly count?: number }
  /** POST /interrupt answers 200 and is lost (protocol §1.4). */
  | { readonly type: "swallowInterrupt"; readonly count?: number };

/** A fault with its trigger; without one it strikes at once. */
export type FakeFault = (InstantFault | CallFault | MessageFault | RunFault) & { readonly when?: FaultTrigger };

type WaitingFault = CallFault | MessageFault | RunFault;

const INSTANT: ReadonlySet<string> = new Set<InstantFault["type"]>([
  "cut",
  "silent",
  "restart",
  "kill",
  "garbage",
  "oddFrames",
  "bigFrame",
  "workerDeath",
  "freeze",
  "stall",
  "deleteJob",
  "interrupt",
  "emit",
]);

function isInstant(fault: InstantFault | WaitingFault): fault is InstantFault {
  return INSTANT.has(fault.type);
}

/** The faults in store. Survives restarts of the fake, so that a fault can be set before the server comes up. */
export class Faults {
  readonly #perform: (fault: InstantFault) => void;
  #triggers: FakeFault[] = [];
  #waiting: { fault: WaitingFault; left: number }[] = [];

  constructor(perform: (fault: InstantFault) => void) {
    this.#perform = perform;
  }

  /** Names of what has not struck yet. */
  get names(): readonly string[] {
    return [...this.#triggers, ...this.#waiting.map(({ fault }) => fault)].map(({ type }) => type);
  }

  add(fault: FakeFault): void {
    if (fault.when !== undefined && fault.when.type !== "now") this.#triggers.push(fault);
    else this.#strike(fault);
  }

  clear(): void {
    this.#triggers = [];
    this.#waiting = [];
  }

  atStep(step: number): void {
    this.#pull((when) => when.type === "atStep" && when.step === step);
  }

  /** Also gives the exception that the node is to raise, if any. */
  atNode(nodeId: string): NodeFailure | null {
    this.#pull((when) => when.type === "atNode" && when.nodeId === nodeId);
    const fault = this.take("nodeError", (each) => each.nodeId === undefined || each.nodeId === nodeId);
    return fault && new NodeFailure(fault.exceptionType ?? "RuntimeError", fault.message ?? "injected fault");
  }

  onCall(call: Call): void {
    this.#pull(
      (when) => when.type === "onCall" && when.path === call.path && (when.method ?? call.method) === call.method,
    );
  }

  /** The messages that go out in place of this one. */
  filter(message: Outgoing): readonly Outgoing[] {
    const concerns = (fault: MessageFault): boolean =>
      fault.event === undefined ? message.type !== "binary" : fault.event === message.type;
    if (this.take("drop", concerns) !== null) return [];
    return this.take("duplicate", concerns) !== null ? [message, message] : [message];
  }

  /** One use of a waiting fault, or null. */
  take<T extends WaitingFault["type"]>(
    type: T,
    concerns: (fault: Extract<WaitingFault, { type: T }>) => boolean = () => true,
  ): Extract<WaitingFault, { type: T }> | null {
    for (const entry of this.#waiting) {
      const { fault } = entry;
      if (!isType(fault, type) || !concerns(fault)) continue;
      entry.left--;
      if (entry.left <= 0) this.#waiting = this.#waiting.filter((other) => other !== entry);
      return fault;
    }
    return null;
  }

  #pull(strikes: (when: FaultTrigger) => boolean): void {
    const struck = this.#triggers.filter(({ when }) => when !== undefined && strikes(when));
    if (struck.length === 0) return;
    this.#triggers = this.#triggers.filter((fault) => !struck.includes(fault));
    for (const fault of struck) this.#strike(fault);
  }

  #strike(fault: InstantFault | WaitingFault): void {
    if (isInstant(fault)) this.#perform(fault);
    else this.#waiting.push({ fault, left: fault.count ?? 1 });
  }
}

function isType<T extends WaitingFault["type"]>(
  fault: WaitingFault,
  type: T,
): fault is Extract<WaitingFault, { type: T }> {
  return fault.type === type;
}
