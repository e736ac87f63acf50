/** A TCP proxy in front of the service that behaves as phone networks do: it cuts lines, also before the answer comes. */

import type { AddressInfo } from "node:net";
import { createServer, connect as dial, type Socket } from "node:net";

export type CuttingProxy = {
  url: string;
  /** Lines that were opened so far. */
  readonly opened: number;
  /** Cuts the line of the next answer before anything of it has passed. Resolves when that has happened. */
  dropNextAnswer(): Promise<void>;
  /** Cuts all lines, and every new one until `up`. */
  down(): void;
  up(): void;
  close(): Promise<void>;
};

/** Starts one on a free port. */
export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const lines = new Set<Socket>();
  let isDown = false;
  let opened = 0;
  let dropped: (() => void) | null = null;
  const server = createServer((near) => {
    opened += 1;
    if (isDown) return void near.destroy();
    const far = dial(Number(port), hostname);
    const cut = () => {
      near.destroy();
      far.destroy();
      lines.delete(near);
      lines.delete(far);
    };
    for (const socket of [near, far]) {
      lines.add(socket);
      socket.on("error", cut);
      socket.on("close", cut);
    }
    near.on("data", (data) => far.write(data));
    far.on("data", (data) => {
      if (!dropped) return void near.write(data);
      dropped();
      dropped = null;
      cut();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const down = () => {
    isDown = true;
    for (const line of lines) line.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get opened() {
      return opened;
    },
    dropNextAnswer: () =>
      new Promise((resolve) => {
        dropped = resolve;
      }),
    down,
    up: () => {
      isDown = false;
    },
    close: () =>
      new Promise((resolve) => {
        down();
        server.close(() => resolve());
      }),
  };
}
