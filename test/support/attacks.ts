/**
 * What the tests of attacks share: requests written byte by byte, tokens put together by hand, a sign-in service that
 * answers as it likes, and the search for words that must not be told.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Problem } from "../../src/contract/errors.ts";

/** An answer as it stood on the wire; header names are in lower case. */
export type WireAnswer = { status: number; headers: Map<string, string>; body: string };

/** A connection of its own, on which anything can be said. */
export type Wire = {
  /** Sends bytes as they are. Whether the server still listens is told by its answers. */
  say(bytes: string | Uint8Array): Promise<void>;
  /** The first answer, as soon as it is whole. */
  first(): Promise<WireAnswer>;
  /** Says that nothing more will come, and gives all answers once the server has closed too. */
  finish(): Promise<WireAnswer[]>;
};

/** Connects to the host of a URL. */
export async function openWire(url: string): Promise<Wire> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let ended = false;
  let wake = () => {};
  const heard = () => readAnswers(Buffer.concat(chunks).toString("latin1"), ended);
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    wake();
  });
  const end = () => {
    ended = true;
    wake();
  };
  // A server may hang up on an attacker in any way it likes.
  socket.on("end", end).on("close", end).on("error", end);
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const until = async (isEnough: () => boolean) => {
    while (!isEnough() && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    say: (bytes) => new Promise((resolve) => void socket.write(bytes, () => resolve())),
    first: async () => {
      await until(() => heard().length > 0);
      const [answer] = heard();
      if (!answer) throw new Error("The connection was closed without an answer.");
      return answer;
    },
    finish: async () => {
      socket.end();
      await until(() => false);
      socket.destroy();
      return heard();
    },
  };
}

/** Sends bytes on a connection of their own and gives all answers that come before it is closed. */
export async function sendRaw(url: string, bytes: string | Uint8Array): Promise<WireAnswer[]> {
  const wire = await openWire(url);
  await wire.say(bytes);
  return wire.finish();
}

/** A request's head: the first line, the host, the key, and lines as they are. */
export const head = (line: string, url: string, key: string | null, ...lines: string[]): string =>
  [
    `${line} HTTP/1.1`,
    `host: ${new URL(url).host}`,
    ...(key === null ? [] : [`authorization: Bearer ${key}`]),
    ...lines,
    "\r\n",
  ].join("\r\n");

/** Takes a connection's bytes apart into answers; one that is not whole yet counts only once the connection has ended. */
function readAnswers(text: string, ended: boolean): WireAnswer[] {
  const answers: WireAnswer[] = [];
  for (let rest = text; rest.startsWith("HTTP/"); ) {
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) break;
    const [first = "", ...lines] = rest.slice(0, end).split("\r\n");
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const status = Number(first.split(" ")[1]);
    const after = rest.slice(end + 4);
    const body = bodyOf(after, headers, status, ended);
    if (body === null) break;
    // 100 Continue is no answer.
    if (status >= 200) answers.push({ status, headers, body: body.text });
    rest = after.slice(body.length);
  }
  return answers;
}

type Body = { text: string; length: number };

function bodyOf(text: string, headers: Map<string, string>, status: number, ended: boolean): Body | null {
  if (status < 200 || status === 204 || status === 304) return { text: "", length: 0 };
  const rest = ended ? { text, length: text.length } : null;
  const sized = headers.get("content-length");
  if (sized !== undefined) {
    const length = Number(sized);
    return text.length < length ? rest : { text: text.slice(0, length), length };
  }
  if (headers.get("transfer-encoding") !== "chunked") return rest;
  let body = "";
  for (let at = 0; ; ) {
    const line = text.indexOf("\r\n", at);
    const size = line === -1 ? Number.NaN : Number.parseInt(text.slice(at, line), 16);
    const next = line + 2 + size + 2;
    if (Number.isNaN(size) || text.length < next) return rest && { text: body, length: text.length };
    body += text.slice(line + 2, line + 2 + size);
    if (size === 0) return { text: body, length: next };
    at = next;
  }
}

const part = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A JWT from parts as they are (text, or values that become JSON), with whatever signature `sign` makes. */
export function composeJwt(header: unknown, claims: unknown, sign: (input: string) => string = () => ""): string {
  const input = `${part(header)}.${part(claims)}`;
  return `${input}.${sign(input)}`;
}

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of keys that answers as it likes; `asked` are the paths in the order in which they were asked for. */
export async function startKeyServer(answer: Answering) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Cuts every connection that is open. */
    cut: () => server.closeAllConnections(),
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Those of the secrets that stand in one of the texts, each with the text around it. */
export function leaked(texts: readonly string[], secrets: readonly string[]): string[] {
  const words = secrets.filter((secret) => secret.length > 3);
  if (words.length === 0) throw new Error("Nothing to look for.");
  return texts.flatMap((text) =>
    words
      .filter((word) => text.includes(word))
      .map((word) => `${word}: …${text.slice(Math.max(0, text.indexOf(word) - 80), text.indexOf(word) + 80)}…`),
  );
}

/** The code of a refusal and the places in the request that it names; what else every error promises is tested elsewhere. */
export async function refusalOf(response: Response): Promise<{ code: string; pointers: string[] }> {
  const text = await response.text();
  if (response.headers.get("content-type") !== "application/problem+json") {
    throw new Error(`No refusal but ${response.status}: ${text.slice(0, 300)}`);
  }
  const { code, errors } = JSON.parse(text) as Problem;
  return { code, pointers: errors.map(({ pointer }) => pointer) };
}

/** The code alone. */
export const codeOf = async (response: Response): Promise<string> => (await refusalOf(response)).code;
