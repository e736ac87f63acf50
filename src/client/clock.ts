/** Time and chance, as the client needs them: handed in, so that tests own both. */

/** Time and chance. `after` runs `run` once in `ms` and returns what cancels it. */
export type Clock = {
  random(): number;
  nowMs(): number;
  after(ms: number, run: () => void): () => void;
};

/** The platform's own clock and chance. */
export const platformClock: Clock = {
  random: () => Math.random(),
  nowMs: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or when `signal` aborts. */
export const pause = (clock: Clock, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener("abort", done);
  });
