/**
 * A viewer that comes in the middle of a run by a share link: from the first byte of its connection to the whole state.
 * For comparison the same from a bare socket to ComfyUI to its greeting; the two alternate.
 */
import WebSocket from "ws";
import { LIVE_PROTOCOL } from "../../src/contract/viewer.ts";
import { nowMs, sleep } from "./support/clock.ts";
import { newGraph, startFake } from "./support/fake.ts";
import { type Bench, limited, quantile } from "./support/figure.ts";
import { startService } from "./support/service.ts";

const JOINS = 100;
const WARM_UP_JOINS = 10;
/** Long enough to outlast all joins; canceled after them. */
const STEPS = 2_000;
const STEP_MS = 100;

export const lateJoin: Bench = {
  name: "late-join",
  run: async () => {
    const fake = await startFake({ stepMs: STEP_MS });
    const service = await startService(fake.url);
    try {
      const { id, new_share } = await service.create({ graph: newGraph(STEPS), share: {} });
      await sleep(500);
      const address = `${new_share?.url?.replace("http", "ws")}/events`;
      const product: number[] = [];
      const bare: number[] = [];
      for (let join = -WARM_UP_JOINS; join < JOINS; join++) {
        const greeted = await greeting(`${fake.url.replace("http", "ws")}/ws`, [], '"status"');
        const welcomed = await greeting(address, [LIVE_PROTOCOL], '"type":"hello"');
        if (join < 0) continue;
        bare.push(greeted);
        product.push(welcomed);
      }
      await service.cancel(id);
      const p50 = limited("connect -> first full state, p50", quantile(product, 0.5), 20, "ms", quantile(bare, 0.5));
      return [
        { ...p50, budget: null, verdict: "info" as const },
        limited("connect -> first full state, p95", quantile(product, 0.95), 20, "ms", quantile(bare, 0.95)),
      ];
    } finally {
      await service.dispose();
      fake.stop();
    }
  },
};

/** Time from connecting to the first message; it must contain `words`. */
async function greeting(address: string, protocols: string[], words: string): Promise<number> {
  const start = nowMs();
  const socket = new WebSocket(address, protocols, { perMessageDeflate: false });
  const text = await new Promise<string>((resolve, reject) => {
    socket.once("message", (data) => resolve(data.toString()));
    socket.once("error", reject);
  });
  const took = nowMs() - start;
  socket.terminate();
  if (!text.includes(words)) throw new Error(`The first message is not the expected one: ${text.slice(0, 80)}`);
  return took;
}
