/**
 * WebSockets to a job's events for somebody with a token. Where the platform's WebSocket takes headers the token goes
 * into one; elsewhere a ticket is made first, because a token in a URL ends up in logs.
 */
import type { EaselError } from "./easel-error.ts";
import type { Http, TokenProvider } from "./http.ts";
import type { LivePorts, LiveSocket, SocketHandlers } from "./ports.ts";

/** A WebSocket, as far as it is used here. */
export type WebSocketLike = {
  readonly readyState: number;
  send(data: string): void;
  close(): void;
  addEventListener(type: string, listener: (event: { data?: unknown; code?: number }) => void): void;
};
/** A WebSocket class. The third argument is React Native's (and that of `ws`); browsers ignore it. */
export type WebSocketClass = new (
  url: string,
  protocols: string[],
  options?: { headers: Record<string, string> },
) => WebSocketLike;

const OPEN = 1;

export type JobSocketOptions = {
  http: Http;
  token: TokenProvider;
  webSocket: WebSocketClass | undefined;
  /** Whether `webSocket` sends the headers it is given. */
  takesHeaders: boolean | undefined;
  jobId: string;
};

/** How to open a socket to the job's events, for `followWith`; it takes paths. */
export function jobSockets({ http, token, webSocket, takesHeaders, jobId }: JobSocketOptions): LivePorts["openSocket"] {
  let byHeader = takesHeaders;

  return (path: string, protocol: string, handlers: SocketHandlers): LiveSocket => {
    const url = http.baseUrl.replace(/^http/, "ws") + path;
    let socket: WebSocketLike | null = null;
    let closed = false;

    function open(to: string, headers?: Record<string, string>): void {
      if (closed || !webSocket) return;
      let opened = false;
      const made = new webSocket(to, [protocol], headers && { headers });
      socket = made;
      made.addEventListener("open", () => {
        opened = true;
        handlers.onOpen();
      });
      made.addEventListener("message", ({ data }) => handlers.onMessage(data as string | ArrayBuffer));
      // Its close follows and says more.
      made.addEventListener("error", () => {});
      made.addEventListener("close", ({ code }) => {
        // A refused handshake does not say why; the request for a ticket does.
        byHeader = byHeader && opened;
        handlers.onClose(code ?? 1006);
      });
    }

    async function connect(): Promise<void> {
      if (byHeader) return open(url, { authorization: `Bearer ${await token()}` });
      const json = { job_id: jobId };
      const { ticket } = await http.call<{ ticket: string }>("POST", "/v1/tickets", { json, repeatable: false });
      open(`${url}&ticket=${ticket}`);
    }

    // The close codes of the protocol are the statuses of HTTP, 4000 higher.
    connect().catch((error: Partial<EaselError> | undefined) => handlers.onClose(4_000 + (error?.status ?? 0)));
    return {
      send: (text) => {
        if (socket?.readyState === OPEN) socket.send(text);
      },
      close: () => {
        closed = true;
        socket?.close();
      },
    };
  };
}
