/**
 * Time for the fake ComfyUI that a test can stop. Timers that come due meanwhile wait, in their order, until it goes on.
 */
import type { ShellOptions } from "../../scripts/fake-server.ts";

type Clock = NonNullable<ShellOptions["clock"]>;

/** The real clock with a brake. */
export type StoppableClock = Clock & {
  stop(): void;
  go(): void;
};

/** A clock that runs. */
export function stoppableClock(): StoppableClock {
  let stopped = false;
  let due: (() => void)[] = [];
  return {
    now: () => Date.now(),
    schedule(delayMs, run) {
      let canceled = false;
      const fire = () => {
        if (canceled) return;
        if (stopped) due.push(fire);
        else run();
      };
      const timer = setTimeout(fire, delayMs);
      return () => {
        canceled = true;
        clearTimeout(timer);
      };
    },
    stop() {
      stopped = true;
    },
    go() {
      stopped = false;
      const waiting = due;
      due = [];
      for (const fire of waiting) fire();
    },
  };
}
