/**
 * One stay at a backend, as the machine remembers it: the socket, what was handed over, what was seen of it since.
 */
import type { NoticeCode } from "../../contract/job.ts";
import type { Lease } from "./state.ts";

/** One stay at a backend: from the lease to its return. */
export type Run = {
  lease: Lease;
  /** True once the lease was given back: the run is over, its files are still being fetched. */
  released: boolean;
  /** Grows with each dial; events of an older connection are ignored. */
  connection: number;
  clientId: string;
  socket: "none" | "dialing" | "open";
  /** True once it was decided to go on without a socket, by polling. */
  blind: boolean;
  /** True once a frame about our prompt came over this connection; until then polling is the proof. */
  trusted: boolean;
  /** False where this socket was opened after the POST: pictures and node times may have been missed. */
  unbroken: boolean;
  /** Failed dials and lost sockets since our prompt was last heard. */
  dialFailures: number;
  comfyVersion: string | null;
  uploads: Record<string, string | null>;
  promptId: string | null;
  submission: "none" | "posting" | "unknown" | "accepted";
  submissions: number;
  submittedAt: number | null;
  startedAt: number | null;
  /** The last message of the socket, whatever it said: the backend lives. */
  lastHeardAt: number;
  /** The last one about our prompt. What others are told proves nothing of it. */
  lastNewsAt: number;
  deafDial: boolean;
  /** An end was announced on the socket; the history has to prove it. */
  endHintAt: number | null;
  /** The history proved the end while socket pictures were still on their way. */
  endSeenAt: number | null;
  looks: number;
  absentLooks: number;
  /** When the last look that counts as absent found nothing. */
  absentAt: number | null;
  unreachableSince: number | null;
  /** What was met on the way, for the pool's counters. */
  counts: Record<string, number>;
  /** What stands in the way at the moment (trouble.ts). */
  trouble: NoticeCode | null;
  /** The node that `executing` named last: attributes socket pictures that carry no node. */
  executing: string | null;
  /** Pictures heard per socket node, and how many it said it would send. */
  frames: Record<string, { heard: number; expected: number | null }>;
};
