/**
 * The outbound socket to ComfyUI: opened with the flags first, told as `ComfyEvent`s, its end reported once. It never
 * reconnects by itself: whether and under which client id is the machine's decision.
 */
import { type ComfyEvent, decodeBinary, decodeText } from "../../core/comfy/events.ts";
import { FEATURE_FLAGS_MESSAGE, KEEP_ALIVE_MESSAGE, socketPath } from "../../core/comfy/requests.ts";
import type { Fault } from "../../core/job/state.ts";
import { err, ok, type Result } from "../../core/util/result.ts";
import type { ComfyFetch } from "./comfy-fetcher.ts";
import { faultOf, statusFault } from "./comfy-http.ts";

/** Time for the upgrade and for the first `status`, each. */
const OPEN_TIMEOUT_MS = 10_000;
/** Proxies close sockets that are idle for 60 to 100 s, and ComfyUI never pings (protocol P5). */
const KEEP_ALIVE_MS = 25_000;

export type SocketListener = { heard(event: ComfyEvent): void; closed(): void };

export class ComfySocket {
  readonly #socket: WebSocket;
  readonly #keepAlive: ReturnType<typeof setInterval>;
  #ended = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#keepAlive = setInterval(() => this.#say(KEEP_ALIVE_MESSAGE), KEEP_ALIVE_MS);
  }

  /** Opens a socket and waits for the `status` that names our id; what follows goes to `listener`. */
  static async open(
    send: ComfyFetch,
    clientId: string,
    listener: SocketListener,
    signal: AbortSignal,
  ): Promise<Result<ComfySocket, Fault>> {
    // A signal given to an upgrade stays attached to the socket, so this one's timer is cleared once it is open.
    const opening = new AbortController();
    const timer = setTimeout(() => opening.abort(), OPEN_TIMEOUT_MS);
    const abort = () => opening.abort();
    signal.addEventListener("abort", abort);
    try {
      const response = await send(socketPath(clientId), { headers: { upgrade: "websocket" }, signal: opening.signal });
      const socket = response.webSocket;
      if (!socket) {
        await response.body?.cancel();
        return err(statusFault(response.status) ?? { kind: "http", status: response.status, detail: "no WebSocket" });
      }
      socket.binaryType = "arraybuffer";
      const opened = new ComfySocket(socket);
      const greeted = opened.#listen(listener, opening.signal);
      socket.accept();
      socket.send(FEATURE_FLAGS_MESSAGE);
      if (await greeted) return ok(opened);
      opened.close();
      return err({ kind: "timeout" });
    } catch (error) {
      return err(opening.signal.aborted ? { kind: "timeout" } : faultOf(error));
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }

  /** Hangs up. Nothing is heard of this socket any more. */
  close(): void {
    this.#end();
    try {
      this.#socket.close(1000, "done");
    } catch {
      // A socket that is already gone needs no closing.
    }
  }

  /** Passes messages on; resolves true at the first `status` with our id, false when the socket ends before. */
  #listen(listener: SocketListener, opening: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      let greeted = false;
      const end = () => {
        if (this.#ended) return;
        this.#end();
        if (greeted) listener.closed();
        else resolve(false);
      };
      this.#socket.addEventListener("message", ({ data }) => {
        if (this.#ended) return;
        const event = typeof data === "string" ? decodeText(data) : decodeBinary(new Uint8Array(data as ArrayBuffer));
        if (!greeted && event.type === "status" && event.sid !== null) {
          greeted = true;
          resolve(true);
        }
        listener.heard(event);
      });
      // After an abnormal end either of the two may come first, or alone.
      this.#socket.addEventListener("close", end);
      this.#socket.addEventListener("error", end);
      opening.addEventListener("abort", () => !greeted && end());
    });
  }

  #say(text: string): void {
    try {
      this.#socket.send(text);
    } catch {
      // Its end is reported by the close or error event.
    }
  }

  #end(): void {
    this.#ended = true;
    clearInterval(this.#keepAlive);
  }
}
