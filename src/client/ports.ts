/**
 * What following a job needs from its platform, and how browsers, Node and Workers provide it. Tests give their own
 * ports and thereby own time, chance and the network.
 */
import type { ViewerEvent } from "../contract/viewer.ts";
import { type Clock, platformClock } from "./clock.ts";
import { type AnyJob, decodeEvent, decodePreviewFrame, type PreviewFrame } from "./decode.ts";

/** What an open socket reports. `onClose` comes last and exactly once, also when the socket never opened. */
export type SocketHandlers = {
  onOpen(): void;
  onMessage(data: string | ArrayBuffer): void;
  onClose(code: number): void;
};
/** A socket under way: `send` before it is open is ignored. */
export type LiveSocket = { send(text: string): void; close(): void };

/** The platform. */
export type LivePorts = Clock & {
  openSocket(url: string, protocol: string, handlers: SocketHandlers): LiveSocket;
  fetch(url: string, init: { headers: Record<string, string>; signal: AbortSignal }): Promise<Response>;
  decodeEvent<J extends AnyJob>(text: string): ViewerEvent<J> | null;
  /** Left out by who takes no previews as bytes. */
  decodeFrame?(bytes: ArrayBuffer): PreviewFrame | null;
};

/** The platform's own WebSocket, fetch, clock and chance. */
export const platformPorts: LivePorts = {
  ...platformClock,
  openSocket(url, protocol, handlers) {
    const socket = new WebSocket(url, protocol);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => handlers.onOpen());
    socket.addEventListener("message", (event) => handlers.onMessage(event.data as string | ArrayBuffer));
    socket.addEventListener("close", (event) => handlers.onClose(event.code));
    return {
      send: (text) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
      },
      close: () => socket.close(),
    };
  },
  fetch: (url, init) => fetch(url, { ...init, cache: "no-store" }),
  decodeEvent,
  decodeFrame: decodePreviewFrame,
};
