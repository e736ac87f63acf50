/** The memory of the product's isolate, asked for by the DevTools protocol. */
import WebSocket from "ws";
import { WORKER_NAME } from "../../../scripts/local/host.ts";

export type Inspector = {
  /** All that V8 counts for the isolate: heap, embedder, array buffers. Garbage that is not collected yet is in it. */
  usedBytes(): Promise<number>;
  collectGarbage(): Promise<void>;
  close(): void;
};

type HeapUsage = { usedSize: number; embedderHeapUsedSize?: number; backingStorageSize?: number };

/** Connects to the Worker's isolate. `address` is what `startLaidOpen` gives. */
export async function openInspector(address: URL | null): Promise<Inspector> {
  if (address === null) throw new Error("The inspector was not asked for.");
  const socket = new WebSocket(new URL(`/core:user:${WORKER_NAME}`, address), { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const waiting = new Map<number, (result: unknown) => void>();
  let lastId = 0;
  socket.on("message", (data) => {
    const { id, result } = JSON.parse(data.toString()) as { id: number; result: unknown };
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  const call = <T>(method: string): Promise<T> =>
    new Promise((resolve) => {
      lastId += 1;
      waiting.set(lastId, (result) => resolve(result as T));
      socket.send(JSON.stringify({ id: lastId, method }));
    });
  return {
    usedBytes: async () => {
      const usage = await call<HeapUsage>("Runtime.getHeapUsage");
      return usage.usedSize + (usage.embedderHeapUsedSize ?? 0) + (usage.backingStorageSize ?? 0);
    },
    collectGarbage: () => call("HeapProfiler.collectGarbage"),
    close: () => socket.terminate(),
  };
}
