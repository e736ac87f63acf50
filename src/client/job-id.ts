/** Ids made on the device: a job can be named, shown and submitted again before any answer has come. */

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * A ULID of now, in lower case. React Native has no generator of its own for random bytes; `Math.random` will do there,
 * for an id is no secret and grants nothing.
 */
export function newUlid(): string {
  const random = new Uint8Array(16).map(() => Math.random() * 256);
  globalThis.crypto?.getRandomValues?.(random);
  // Ten digits; nine of them are enough for the next thousand years.
  const time = Array.from(`0${Date.now().toString(32)}`, (digit) => Number.parseInt(digit, 32));
  return [...time, ...random].map((value) => ALPHABET[value & 31]).join("");
}

/** A new job id. */
export const newJobId = (): string => `job_${newUlid()}`;
