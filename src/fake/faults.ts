/**
 * Everything that can be made to go wrong, by name. A fault strikes at once or waits for its trigger; faults of calls and
 * of messages then lie in wait for the next `count` matches. What keeps them is `fault-store.ts`.
 */
import type { Json } from "./json.ts";

/** When a fault strikes: at once, in the course of a run, or at an HTTP call. */
export type FaultTrigger =
  | { readonly type: "now" }
  /** At the n-th tick of a prompt, counted from 1. */
  | { readonly type: "atStep"; readonly step: number }
  /** When the node is announced. */
  | { readonly type: "atNode"; readonly nodeId: string }
  /** When a prompt has run, before the event that says how it ended: the time of the result's collection. */
  | { readonly type: "atEnd" }
  /** `path` without `/api` and query; ComfyUI handles the call (or upgrade) after the fault has struck. */
  | { readonly type: "onCall"; readonly path: string; readonly method?: string };

/** Faults that strike once. */
export type InstantFault =
  /** All sockets end without a close frame (1006). */
  | { readonly type: "cut" }
  /** All sockets now open stay open and get nothing any more. */
  | { readonly type: "silent" }
  /** As `silent`, and nothing is read any more either: no pong, no answer to a close, no end of the connection. */
  | { readonly type: "halfOpen" }
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
  /** The history entry (all of them if no id is given) is gone. */
  | { readonly type: "loseHistory"; readonly promptId?: string }
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
  /** POST /prompt arrives twice, as when a proxy sends it again: two runs, the second one's answer. */
  | { readonly type: "postTwice"; readonly count?: number }
  /**
   * Calls and upgrades are answered with this status by something in front of ComfyUI. `on` narrows it to one of the two,
   * `path` (without `/api`) to what is at or below it, `method` to that method.
   */
  | {
      readonly type: "refuse";
      readonly status: number;
      readonly on?: "call" | "upgrade";
      readonly path?: string;
      readonly method?: string;
      readonly count?: number;
    }
  | { readonly type: "view404"; readonly count?: number }
  | { readonly type: "viewTruncated"; readonly afterBytes: number; readonly count?: number }
  | { readonly type: "viewSlow"; readonly chunkBytes: number; readonly everyMs: number; readonly count?: number };

/** Faults of the next `count` messages of type `event` (any type but previews if not given). */
export type MessageFault =
  | { readonly type: "drop"; readonly event?: string; readonly count?: number }
  | { readonly type: "duplicate"; readonly event?: string; readonly count?: number }
  /** The message comes after the one that follows it. */
  | { readonly type: "reorder"; readonly event?: string; readonly count?: number };

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

/** A fault that lies in wait for what it concerns. */
export type WaitingFault = CallFault | MessageFault | RunFault;
