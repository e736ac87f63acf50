/**
 * One clock for all processes of a bench. The monotonic clock of the machine has the same zero in each of them, which
 * `performance.now()` has not, and nobody sets it while a bench runs.
 */

/** Milliseconds of the machine's monotonic clock, with fractions. Comparable between processes. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Resolves after a time. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
