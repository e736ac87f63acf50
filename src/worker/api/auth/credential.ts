/** Where a request carries its credential: the Authorization header, or, as browsers' sockets cannot send one, the subprotocol or a ticket. */
import { ApiError } from "../problem.ts";

/** Longest credential that is looked at: sign-in tokens are the longest. */
const MAX_CREDENTIAL_BYTES = 8_192;
/** Before a client token in Sec-WebSocket-Protocol. */
const TOKEN_PROTOCOL = "easel.token.";

export type Credential = { text: string; from: "header" | "subprotocol" | "ticket" };

/** The credential of a request, or null where it has none. `tickets` says whether this route takes them. */
export function credentialOf(request: Request, tickets: boolean): Credential | null {
  const header = request.headers.get("authorization");
  if (header !== null) return { text: bearer(header), from: "header" };
  if (!tickets) return null;
  const protocols = request.headers.get("sec-websocket-protocol") ?? "";
  const offered = protocols.split(",").find((one) => one.trim().startsWith(TOKEN_PROTOCOL));
  if (offered !== undefined) return { text: offered.trim().slice(TOKEN_PROTOCOL.length), from: "subprotocol" };
  const ticket = new URL(request.url).searchParams.get("ticket");
  return ticket === null ? null : { text: ticket, from: "ticket" };
}

function bearer(header: string): string {
  if (header.length > MAX_CREDENTIAL_BYTES) {
    throw new ApiError("invalid_header", `Authorization: at most ${MAX_CREDENTIAL_BYTES} characters.`);
  }
  const token = /^Bearer +([\x21-\x7e]+)$/i.exec(header)?.[1];
  if (token === undefined) {
    throw new ApiError("unauthenticated", "Send Authorization: Bearer and your key or token, nothing else.");
  }
  return token;
}
