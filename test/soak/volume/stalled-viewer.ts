/**
 * Viewers that connect, say that they have read everything, and read nothing: they must cost frames and in the end
 * their connection, never the object's memory.
 */
import { WebSocket } from "ws";
import { LIVE_PROTOCOL } from "../../../src/contract/viewer.ts";
import graph from "../../../workflows/txt2img/graph.json" with { type: "json" };
import { type Figure, limited } from "../../bench/support/figure.ts";
import { pause, Scene } from "./scene.ts";

const VIEWERS = 8;
const WATCH_MS = 30_000;

type Stalled = { socket: WebSocket; closedWith: number | null };

/** A viewer that lies: any preview counts as acknowledged, and its socket is never read. */
async function stalled(url: string, headers: Record<string, string>): Promise<Stalled> {
  const socket = new WebSocket(url, [LIVE_PROTOCOL], { headers, perMessageDeflate: false });
  const viewer: Stalled = { socket, closedWith: null };
  socket.on("close", (code) => {
    viewer.closedWith = code;
  });
  socket.on("error", () => {});
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  socket.send(JSON.stringify({ type: "ready", rev: 1_000_000_000 }));
  socket.pause();
  return viewer;
}

export const stalledViewers = (): Promise<Figure[]> =>
  Scene.play({ stepMs: 100, previewSize: 1_024 }, async (scene) => {
    const { calls, stack } = scene;
    // More steps than a workflow of ours allows: the run outlasts the viewers and is then canceled.
    const endless = {
      ...graph,
      3: { ...graph[3], inputs: { ...graph[3].inputs, steps: 5_000 } },
      5: { ...graph[5], inputs: { ...graph[5].inputs, width: 1_024, height: 1_024 } },
    };
    const { id } = await calls.create({ graph: endless });
    let known = await calls.job(id, null);
    while (known.status !== "running") known = await calls.job(id, known);
    await pause(3_000);
    const url = `${stack.url.replace("http", "ws")}/v1/jobs/${id}/events?previews=binary`;
    const { result: viewers, peakMb } = await scene.peakMb(async () => {
      const all = await Promise.all(Array.from({ length: VIEWERS }, () => stalled(url, calls.auth)));
      await pause(WATCH_MS);
      return all;
    });
    let bytes = 0;
    for (const { socket } of viewers) {
      socket.on("message", (data: Buffer) => {
        bytes += data.byteLength;
      });
      socket.resume();
    }
    await pause(2_000);
    const codes = viewers.map(({ closedWith }) => closedWith ?? "open");
    await calls.cancel(id);
    for (const { socket } of viewers) socket.terminate();
    return [
      limited(`${VIEWERS} viewers that do not read for 30 s: memory above rest`, peakMb, 96, "MB"),
      // The buffers of this machine's network are among it.
      limited(`what each had been sent; closed with ${[...new Set(codes)].join()}`, bytes / VIEWERS / 1e6, 8, "MB"),
    ];
  });
