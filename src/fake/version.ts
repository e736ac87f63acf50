/**
 * Which ComfyUI the fake plays. Behaviour that changed between releases asks `since`, so each place names the first
 * release that behaves the new way (protocol §0).
 */

/** The releases whose behaviour is known: two that were observed and the newest that was read. */
export type ComfyVersion = "0.3.64" | "0.27.0" | "0.38.1";

/** Whether `version` is the release `first` or a later one. */
export function since(version: string, first: string): boolean {
  const [have = [], want = []] = [version, first].map((text) =>
    text.split(".").map((part) => Number.parseInt(part, 10)),
  );
  for (let i = 0; i < 3; i++) {
    const difference = (have[i] ?? 0) - (want[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
