/** One structured line per thing worth knowing. Callers pass ids, codes and durations, never inputs, headers or URLs. */

type Level = "info" | "warn" | "error";

/** Writes one line. `error` values are reduced to their names: messages may quote what others sent us. */
export function log(level: Level, event: string, fields: Record<string, string | number | boolean | null> = {}): void {
  const line = JSON.stringify({ level, event, ...fields });
  if (level === "error") console.error(line);
  else if (level === "warn") console.warn(line);
  else console.log(line);
}

/** The name of a thrown value, for a log line. */
export const errorName = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
