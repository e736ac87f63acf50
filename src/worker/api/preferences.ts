/** Request headers that say how an answer is wanted. */
import { DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS } from "../../contract/api.ts";

/** Seconds of `Prefer: wait[=n]` (RFC 7240), bounded; 0 where none is asked for. */
export function waitSeconds(prefer: string | undefined): number {
  const match = /(?:^|[,;\s])wait(?:\s*=\s*"?(\d{1,6})"?)?(?:$|[,;\s])/i.exec(prefer ?? "");
  if (!match) return 0;
  return match[1] === undefined ? DEFAULT_WAIT_SECONDS : Math.min(Number(match[1]), MAX_WAIT_SECONDS);
}

/** The ETag of a job at this `seq`. */
export const etagOf = (seq: number): string => `W/"${seq}"`;

/** Whether an If-None-Match header names this `seq`. */
export function matchesSeq(header: string | undefined, seq: number): boolean {
  if (header === undefined) return false;
  return header.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === `"${seq}"`);
}
