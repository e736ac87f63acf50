/**
 * A webhook receiver for this machine: it checks each request as a real one should, shows what came, and can play a bad
 * receiver. Nothing that came is written to the terminal with its control characters.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Result } from "../../src/core/util/result.ts";
import { problemInWords, type Verified, type VerifyProblem, verify } from "../../src/core/webhook/verify.ts";

export type CatcherOptions = {
  port: number;
  host?: string;
  /** `whsec_` or `whpk_`; without any, nothing can be verified and all is taken. */
  secrets: readonly string[];
  /** Answered to requests that verify; 204 unless given. */
  status?: number;
  delayMs?: number;
  /** Each event fails so many times, with `status` or 500, before it is taken. */
  failFirst?: number;
  colour?: boolean;
  print(text: string): void;
  now?(): number;
};

export type Catcher = { url: string; close(): Promise<void> };

/** Events have 20 kB at most; more than this is no event. */
const MAX_BODY_BYTES = 256_000;
/** How many events are remembered to tell the repeated ones. */
const MAX_REMEMBERED = 10_000;

type Paint = (text: string) => string;
type Verdict = Result<Verified, VerifyProblem> | "unchecked";

/** Starts listening. Rejects where the port is taken. */
export async function startCatcher(options: CatcherOptions): Promise<Catcher> {
  const { status = 204, delayMs = 0, failFirst = 0, now = Date.now } = options;
  const timesSeen = new Map<string, number>();
  const pending = new Set<NodeJS.Timeout>();

  const handle = async (request: IncomingMessage): Promise<{ status: number; text: string }> => {
    if (request.method !== "POST") return { status: 405, text: "Webhooks come by POST.\n" };
    const body = await readBody(request);
    if (body === null) return { status: 413, text: "Too large for an event.\n" };
    const header = (name: string) => request.headers[name]?.toString();
    const verdict: Verdict =
      options.secrets.length === 0 ? "unchecked" : await verify(header, body, options.secrets, now());
    const id = header("webhook-id") ?? "";
    const times = (timesSeen.get(id) ?? 0) + 1;
    timesSeen.delete(id);
    timesSeen.set(id, times);
    if (timesSeen.size > MAX_REMEMBERED) timesSeen.delete(timesSeen.keys().next().value ?? "");
    const refused = verdict !== "unchecked" && !verdict.ok;
    const failing = status >= 300 ? status : 500;
    const answer = refused ? 401 : failFirst === 0 ? status : times <= failFirst ? failing : 204;
    options.print(shown({ header, body, verdict, times, answer, delayMs, at: now(), colour: options.colour ?? false }));
    return { status: answer, text: "" };
  };

  const server = createServer((request, response) => {
    const answer = ({ status: code, text }: { status: number; text: string }) => {
      // Without the connection's end, what is left of a body that was too large would be read as the next request.
      const headers = { "content-type": "text/plain", connection: "close" };
      response.writeHead(code, code >= 300 && code < 400 ? { ...headers, location: "/elsewhere" } : headers).end(text);
    };
    handle(request).then(
      (reply) => {
        const timer = setTimeout(() => {
          pending.delete(timer);
          answer(reply);
        }, delayMs);
        pending.add(timer);
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host ?? "127.0.0.1", resolve);
  });
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        for (const timer of pending) clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Not destroyed when it is left early: the answer still goes out on the same connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

type Caught = {
  header(name: string): string | undefined;
  body: string;
  verdict: Verdict;
  times: number;
  answer: number;
  delayMs: number;
  at: number;
  colour: boolean;
};

/** What is printed of one request. */
function shown({ header, body, verdict, times, answer, delayMs, at, colour }: Caught): string {
  const style = (code: number): Paint => (colour ? (text) => `\x1b[${code}m${text}\x1b[0m` : (text) => text);
  const [bold, dim, red, green, yellow] = [style(1), style(2), style(31), style(32), style(33)] as const;
  const said = (name: string) => harmless(header(name) ?? "").slice(0, 100);
  const signature =
    verdict === "unchecked"
      ? yellow("not verified: give the secret with WEBHOOK_SECRET")
      : verdict.ok
        ? green("signature fits")
        : red(`REFUSED: ${problemInWords(verdict.error)}`);
  const head = [
    dim(new Date(at).toISOString().slice(11, 19)),
    bold(said("easel-event-type") || "(no event type)"),
    `attempt ${said("easel-attempt") || "?"}`,
    age(header("webhook-timestamp"), at),
    signature,
  ];
  const again = times > 1 && header("webhook-id") ? [yellow(`seen ${times} times: take it once`)] : [];
  const late = delayMs > 0 ? ` after ${delayMs} ms` : "";
  const replied = (answer < 300 ? green : red)(`answered ${answer}${late}`);
  return [
    [...head, ...again, replied].join("  "),
    dim(`  ${said("webhook-id") || "(no webhook-id)"}  ${said("easel-job-id")}  ${said("easel-delivery-id")}`),
    indented(body, colour),
    "",
  ].join("\n");
}

function age(timestamp: string | undefined, at: number): string {
  const sentAt = Number(timestamp) * 1_000;
  if (timestamp === undefined || !Number.isFinite(sentAt)) return "no time";
  return `sent ${Math.round((at - sentAt) / 1_000)} s ago`;
}

/** The body as indented JSON with its keys in colour, or as it is. */
function indented(body: string, colour: boolean): string {
  let text: string;
  try {
    text = JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    text = body;
  }
  const plain = text
    .split("\n")
    .map((line) => `  ${harmless(line)}`)
    .join("\n");
  return colour ? plain.replace(/^(\s*)("(?:[^"\\]|\\.)*")(:)/gm, "$1\x1b[36m$2\x1b[0m$3") : plain;
}

/** Control characters, those beyond ASCII too, could move the cursor or write what never came. */
function harmless(text: string): string {
  return Array.from(text, (character) => (/\p{Cc}|\p{Bidi_Control}/u.test(character) ? "\ufffd" : character)).join("");
}
