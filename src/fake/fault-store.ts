/** Keeps the faults that have not struck yet, and knows which of them a moment, a call or a message sets off. */
import type { CallFault, FakeFault, FaultTrigger, InstantFault, MessageFault, WaitingFault } from "./faults.ts";
import type { Call } from "./http.ts";
import { NodeFailure } from "./nodes/value.ts";
import type { Outgoing } from "./sockets.ts";

const INSTANT: ReadonlySet<string> = new Set<InstantFault["type"]>([
  "cut",
  "silent",
  "halfOpen",
  "restart",
  "kill",
  "garbage",
  "oddFrames",
  "bigFrame",
  "workerDeath",
  "freeze",
  "stall",
  "deleteJob",
  "loseHistory",
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

  /** A prompt has run; its last events are due. */
  atEnd(): void {
    this.#pull((when) => when.type === "atEnd");
  }

  /** A call or upgrade comes in: faults may strike, one of them being a refusal with the status given back. */
  onCall(call: Call, on: "call" | "upgrade"): number | null {
    this.#pull(
      (when) => when.type === "onCall" && when.path === call.path && (when.method ?? call.method) === call.method,
    );
    return this.take("refuse", (fault) => isRefused(fault, call, on))?.status ?? null;
  }

  /** The messages that go out in place of this one; `overtaken` are those that wait for the next to go first. */
  filter(message: Outgoing, overtaken: Outgoing[]): readonly Outgoing[] {
    const concerns = (fault: MessageFault): boolean =>
      fault.event === undefined ? message.type !== "binary" : fault.event === message.type;
    if (this.take("drop", concerns) !== null) return [];
    if (this.take("reorder", concerns) !== null) {
      overtaken.push(message);
      return [];
    }
    const copies = this.take("duplicate", concerns) !== null ? [message, message] : [message];
    return [...copies, ...overtaken.splice(0)];
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

function isRefused(fault: Extract<CallFault, { type: "refuse" }>, call: Call, on: "call" | "upgrade"): boolean {
  const { path = "" } = fault;
  const below = path === "" || call.path === path || call.path.startsWith(`${path}/`);
  return below && (fault.on ?? on) === on && (fault.method ?? call.method) === call.method;
}
