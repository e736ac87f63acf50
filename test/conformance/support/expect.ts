/** What checks say when a server behaves otherwise: what was looked at, what was expected, what was met. */
import { isDeepStrictEqual } from "node:util";

const MAX_CHARS = 300;

/** The server does not do what the check is about. */
export class Mismatch extends Error {}

/** The check has nothing to look at on this server; the message says why. */
export class NotApplicable extends Error {}

function brief(value: unknown): string {
  const text =
    JSON.stringify(value, (_, inner) => (inner instanceof Set || inner instanceof Map ? [...inner] : inner)) ??
    "nothing";
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text;
}

/** Equal all the way down. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Mismatch(`${what}: expected ${brief(expected)}, got ${brief(actual)}`);
  }
}

/** True; `seen` is shown if it is not. */
export function holds(condition: boolean, what: string, seen?: unknown): void {
  if (!condition) throw new Mismatch(seen === undefined ? `not so: ${what}` : `not so: ${what}; got ${brief(seen)}`);
}

/** Every field of `expected` is in `actual` with that value. */
export function has(actual: unknown, expected: Readonly<Record<string, unknown>>, what: string): void {
  const fields = typeof actual === "object" && actual !== null ? Object.entries(actual) : [];
  const found = Object.fromEntries(fields.filter(([name]) => name in expected));
  same(found, { ...expected }, what);
}

/** Exactly these keys, in any order. */
export function keys(actual: unknown, expected: readonly string[], what: string): void {
  const found = typeof actual === "object" && actual !== null ? Object.keys(actual) : [];
  same(found.sort(), [...expected].sort(), what);
}

/** At least these keys. */
export function hasKeys(actual: unknown, expected: readonly string[], what: string): void {
  const missing = expected.filter((key) => typeof actual !== "object" || actual === null || !(key in actual));
  holds(missing.length === 0, `${what} has ${missing.join(", ")}`, actual);
}

/** Text that fits. */
export function fits(text: string | undefined, pattern: RegExp, what: string): void {
  holds(text !== undefined && pattern.test(text), `${what} fits ${pattern}`, text ?? "nothing");
}

/** The attempt fails: the connection was refused or broke off. */
export async function refused(attempt: Promise<unknown>, what: string): Promise<void> {
  const answered = await attempt.then(
    () => true,
    () => false,
  );
  holds(!answered, `${what} gets no answer`);
}

/** Waits for what sends no event, looking every few ms. */
export async function eventually(done: () => Promise<boolean>, what: string, patienceMs = 3000): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await done())) {
    holds(Date.now() < deadline, what);
    await pause(5);
  }
}

/** Lets some time pass. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
