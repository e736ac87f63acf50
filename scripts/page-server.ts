/**
 * Serves the live page in each of its sample states as the Worker would: rendered in any language, with the real security
 * policy, and followed over a real socket. For people who look at the page and for tests that measure it.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { type WebSocket, WebSocketServer } from "ws";
import type { PublicJob } from "../src/contract/job.ts";
import { MESSAGES } from "../src/core/words/all-messages.ts";
import type { Lang } from "../src/core/words/languages.ts";
import { localeOf } from "../src/core/words/locale.ts";
import { SENTENCES } from "../src/page/words/all-sentences.ts";
import type { Sentences } from "../src/page/words/sentences.ts";
import { type PageSample, pageSamples, sampleEvent } from "./page-samples.ts";
import { samplePainting } from "./sample-painting.ts";

const CSP =
  "default-src 'none'; img-src 'self' data: blob:; media-src 'self'; connect-src 'self'; style-src 'self'; " +
  "script-src 'self'; base-uri 'none'; form-action 'self'";
const CLOSED = ["unknown", "revoked", "expired"] as const;

/** Every page that is served: `/s/{name}?lang={language}`. */
export const PAGE_NAMES: readonly string[] = [
  ...pageSamples.map((sample) => sample.name),
  ...CLOSED.map((kind) => `closed-${kind}`),
];

/** A server of sample pages. A sample whose connection drops refuses to be followed until it is `restored`. */
export type PageServer = { baseUrl: string; restore(name: string): void; close(): void };

/** Builds the page and serves it on a port of its own. */
export async function servePages(): Promise<PageServer> {
  const assets = await buildAssets();
  const dropped = new Set<string>();
  const server = createServer((request, response) => respond(request, response, assets));
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    const sample = pageSamples.find(({ name }) => request.url?.startsWith(`/s/${name}/events`));
    if (!sample || dropped.has(sample.name)) return void socket.destroy();
    sockets.handleUpgrade(request, socket, head, (ws) => converse(ws, sample, dropped));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    restore: (name) => dropped.delete(name),
    close() {
      sockets.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What the bundle of src/page/render.tsx exports; it is TSX, so Node cannot import it as it stands. */
type Renderer = {
  renderPage(options: {
    job: PublicJob;
    token: string;
    sentences: Sentences;
    failures: Record<string, string>;
    baseUrl: string;
    scriptUrl: string;
    styleUrl: string;
  }): string;
  renderClosedPage(options: { kind: (typeof CLOSED)[number]; styleUrl: string; sentences: Sentences }): string;
};
type Assets = { script: string; style: string; renderer: Renderer };

const pageFile = (name: string) => fileURLToPath(new URL(`../src/page/${name}`, import.meta.url));

async function buildAssets(): Promise<Assets> {
  const jsx = { bundle: true, format: "esm", jsx: "automatic", jsxImportSource: "preact", target: "es2022" } as const;
  const [script, style, render] = await Promise.all(
    [
      { ...jsx, minify: true, entryPoints: [pageFile("main.tsx")], write: false as const },
      { minify: true, entryPoints: [pageFile("style.css")], write: false as const },
      { ...jsx, entryPoints: [pageFile("render.tsx")], write: false as const },
    ].map(async (options) => (await build(options)).outputFiles[0]?.text ?? ""),
  );
  const folder = await mkdtemp(join(tmpdir(), "page-states-"));
  try {
    const file = join(folder, "render.mjs");
    await writeFile(file, render ?? "");
    const renderer = (await import(pathToFileURL(file).href)) as Renderer;
    return { script: script ?? "", style: style ?? "", renderer };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const paintings = new Map<string, Buffer>();

function painting(width: number, height: number, done: number, mood: number): Buffer {
  const key = [width, height, done, mood].join();
  const known = paintings.get(key) ?? samplePainting({ width, height, done, mood });
  paintings.set(key, known);
  return known;
}

function htmlOf(sample: PageSample, { renderer }: Assets, lang: Lang, baseUrl: string): string {
  const { failures } = MESSAGES[lang];
  const urls = { scriptUrl: "/assets/live.js", styleUrl: "/assets/live.css" };
  const text = JSON.stringify(sample.job).replaceAll("/s/sample/", `/s/${sample.name}/`);
  const job = JSON.parse(text) as PublicJob;
  return renderer.renderPage({ job, token: sample.name, sentences: SENTENCES[lang], failures, baseUrl, ...urls });
}

/** Serves one request: assets, pages, previews and pictures of the samples. */
function respond(request: IncomingMessage, response: ServerResponse, assets: Assets): void {
  const baseUrl = `http://${request.headers.host}`;
  const { pathname, searchParams } = new URL(request.url ?? "/", baseUrl);
  const [, area, token = "", kind, at] = pathname.split("/");
  const lang = localeOf(searchParams.get("lang"));
  const sample = pageSamples.find(({ name }) => name === token);
  const shape = sample?.job.aspect ?? { width: 1024, height: 1024 };
  const send = (type: string, body: string | Buffer) =>
    response.writeHead(200, { "content-type": type, "content-security-policy": CSP }).end(body);
  if (area === "assets") {
    return void send(
      token === "live.js" ? "text/javascript" : "text/css",
      token === "live.js" ? assets.script : assets.style,
    );
  }
  const closed = CLOSED.find((name) => token === `closed-${name}`);
  if (closed) {
    return void send(
      "text/html; charset=utf-8",
      assets.renderer.renderClosedPage({ kind: closed, styleUrl: "/assets/live.css", sentences: SENTENCES[lang] }),
    );
  }
  if (sample && kind === undefined) return void send("text/html; charset=utf-8", htmlOf(sample, assets, lang, baseUrl));
  if (sample && kind === "preview") {
    return void send("image/png", painting(Math.round(shape.width / 4), Math.round(shape.height / 4), 0.62, 0));
  }
  if (sample && kind === "m") return void send("image/png", painting(shape.width, shape.height, 1, Number(at)));
  response.writeHead(503).end();
}

function previewFrame(sample: PageSample, done: number, rev: number): Buffer {
  const { width, height } = sample.job.aspect ?? { width: 1024, height: 1024 };
  const image = painting(Math.round(width / 4), Math.round(height / 4), done, 0);
  const header = Buffer.from(JSON.stringify({ seq: 41 + rev, rev, image_type: "image/png" }));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(4, 0);
  head.writeUInt32BE(header.length, 4);
  return Buffer.concat([head, header, image]);
}

/** Plays the server's part in a viewer's socket. Previews wait for the viewer's credit, as the real ones do. */
function converse(socket: WebSocket, sample: PageSample, dropped: Set<string>): void {
  if (sample.link === "silent") return;
  if (sample.link === "revoked") {
    socket.close(4410);
    return;
  }
  const hello = {
    protocol: "easel.live.v1" as const,
    role: "viewer" as const,
    resumed: true,
    replayed: 0,
    heartbeat_ms: 15_000,
    max_session_ms: 600_000,
    server_time_ms: 0,
    previews: "binary" as const,
    job: null,
  };
  socket.send(JSON.stringify(sampleEvent("hello", sample.job.seq, hello)));
  const text = JSON.stringify(sample.events).replaceAll("/s/sample/", `/s/${sample.name}/`);
  for (const event of JSON.parse(text) as unknown[]) socket.send(JSON.stringify(event));
  const frames = sample.previews.map((done, at) => previewFrame(sample, done, at + 1));
  const next = () => {
    const frame = frames.shift();
    if (frame) socket.send(frame);
  };
  socket.on("message", (data) => {
    if (String(data).includes('"ready"')) next();
  });
  next();
  if (sample.link === "dropped") {
    dropped.add(sample.name);
    socket.terminate();
  }
}
