/** Request headers that say how an answer is wanted. */

import { DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS } from "../../contract/api.ts";
import type { Lang } from "../../core/words/languages.ts";

/** Seconds of `Prefer: wait[=n]` (RFC 7240), bounded; 0 where none is asked for. */
export function waitSeconds(prefer: string | undefined): number {
  const match = /(?:^|[,;\s])wait(?:\s*=\s*"?(\d{1,6})"?)?(?:$|[,;\s])/i.exec(prefer ?? "");
  if (!match) return 0;
  return match[1] === undefined ? DEFAULT_WAIT_SECONDS : Math.min(Number(match[1]), MAX_WAIT_SECONDS);
}

/** The ETag of a job at this `seq`; one that is told in another language than English is another text, and says so. */
export const etagOf = (seq: number, lang: Lang = "en"): string => (lang === "en" ? `W/"${seq}"` : `W/"${seq}-${lang}"`);

/** Whether an If-None-Match header names this `seq` in this language. */
export function matchesSeq(header: string | undefined, seq: number, lang: Lang = "en"): boolean {
  if (header === undefined) return false;
  const tags = header.split(",").map((tag) => tag.trim());
  return tags.some((tag) => tag === "*" || `W/${tag.replace(/^W\//, "")}` === etagOf(seq, lang));
}
