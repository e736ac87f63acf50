/** Requests written byte by byte: framing that two readers read differently, slow and broken bodies, odd paths and headers. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { head, openWire, sendRaw, type Wire, type WireAnswer } from "../support/attacks.ts";
import { asUser, setProject } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import type { WorkerClient } from "../support/worker-client.ts";

/** Stands in what only the smuggled request would be answered with. */
const SMUGGLED = "only-by-smuggling";
const JSON_LINE = "content-type: application/json";
const BODY = '{"workflow":"demo"}';

let worker: TestWorker;
let ana: WorkerClient;
beforeAll(async () => {
  worker = await startWorker();
  await setProject(worker, { name: SMUGGLED });
  ana = await asUser(worker, "ana");
});
afterAll(() => worker.close());

const codeOnWire = (answer: WireAnswer | undefined) => {
  const isProblem = answer?.headers.get("content-type") === "application/problem+json";
  return isProblem ? (JSON.parse(answer.body) as { code: string }).code : null;
};

describe("two readings of one request", () => {
  /** What a front that reads the request otherwise would have taken for its body. */
  const inner = () => head("GET /v1/project", worker.url, worker.key);
  const create = (...lines: string[]) => head("POST /v1/jobs", worker.url, worker.key, JSON_LINE, ...lines);
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

  it.each<[string, () => string]>([
    ["a length and chunks", () => `${create("content-length: 6", "transfer-encoding: chunked")}0\r\n\r\n${inner()}`],
    ["chunks and a length", () => `${create("transfer-encoding: chunked", "content-length: 6")}0\r\n\r\n${inner()}`],
    ["chunks by another name", () => `${create("content-length: 4", "transfer-encoding: xchunked")}5c\r\n${inner()}`],
    ["chunks before a colon", () => `${create("content-length: 4", "transfer-encoding : chunked")}0\r\n\r\n${inner()}`],
    ["chunks after a tab", () => `${create("content-length: 4", "transfer-encoding:\tchunked")}0\r\n\r\n${inner()}`],
    ["chunks, then none", () => `${create("transfer-encoding: chunked, identity")}0\r\n\r\n${inner()}`],
    [
      "chunks in two headers",
      () => `${create("transfer-encoding: chunked", "transfer-encoding: x")}0\r\n\r\n${inner()}`,
    ],
    ["two lengths", () => `${create("content-length: 19", "content-length: 5")}${BODY}${inner()}`],
    ["a list of lengths", () => `${create("content-length: 19, 5")}${BODY}${inner()}`],
    ["a length with a sign", () => `${create("content-length: +19")}${BODY}${inner()}`],
    ["a length below zero", () => `${create("content-length: -1")}${BODY}${inner()}`],
    ["a length in hex", () => `${create("content-length: 0x13")}${BODY}${inner()}`],
    ["a length beyond all numbers", () => `${create("content-length: 99999999999999999999")}${BODY}${inner()}`],
    ["a chunk without a size", () => `${create("transfer-encoding: chunked")}zz\r\n${BODY}\r\n0\r\n\r\n${inner()}`],
    ["a chunk of 2^64 and more", () => `${create("transfer-encoding: chunked")}10000000000000013\r\n${BODY}${inner()}`],
    ["a chunk longer than it says", () => `${create("transfer-encoding: chunked")}5\r\n${BODY}\r\n0\r\n\r\n${inner()}`],
    ["a header after the body", () => `${create("transfer-encoding: chunked")}${chunk(BODY)}0\r\nx\r\n\r\n${inner()}`],
    ["a folded header", () => `${create("x-a: b", " content-length: 19", "content-length: 0")}${BODY}${inner()}`],
    ["a header without a name", () => `${create(": chunked", "content-length: 19")}${BODY}${inner()}`],
    ["a carriage return in a header", () => `${create("x-a: b\rtransfer-encoding: chunked")}0\r\n\r\n${inner()}`],
    ["a NUL in a header", () => `${create("x-a: b\0", "content-length: 19")}${BODY}${inner()}`],
    [
      "a body where none belongs",
      () => `${head("GET /v1/workflows", worker.url, worker.key, `content-length: ${inner().length}`)}${inner()}`,
    ],
    ["a body that is a request", () => `${create(`content-length: ${inner().length}`)}${inner()}`],
    ["a version of the future", () => `GET /v1/me HTTP/2.0\r\nhost: x\r\n\r\n${inner()}`],
    ["a line without a version", () => `GET /v1/me\r\n\r\n${inner()}`],
  ])("[S4, S5] %s: nothing that is hidden in a body is answered as a request", async (_, request) => {
    const answers = await sendRaw(worker.url, request());
    expect(answers.length).toBeGreaterThan(0);
    for (const { body } of answers) expect(body).not.toContain(SMUGGLED);
  });

  it("[S4] and the connection of a true request carries the next one", async () => {
    const two = inner() + head("GET /v1/me", worker.url, ana.key, "connection: close");
    const [project, me] = await sendRaw(worker.url, two);
    expect(project?.body).toContain(SMUGGLED);
    expect(JSON.parse(me?.body ?? "")).toMatchObject({ user: "ana" });
  });
});

describe("a body", () => {
  const create = (length: number) =>
    head("POST /v1/jobs", worker.url, worker.key, JSON_LINE, `content-length: ${length}`);

  it("[S4] that says it is too large is refused before any of it has come", async () => {
    const tries: [string, string, number][] = [
      ["POST /v1/jobs", JSON_LINE, 1_200_001],
      ["POST /v1/keys", JSON_LINE, 9_000_000_000],
      ["POST /v1/uploads", "content-type: image/png", 26_214_401],
    ];
    for (const [line, type, length] of tries) {
      const wire = await openWire(worker.url);
      await wire.say(head(line, worker.url, worker.key, type, `content-length: ${length}`));
      expect(codeOnWire(await wire.first()), line).toBe("payload_too_large");
      await wire.finish();
    }
  });

  it("[S3, S5] that breaks off, or is in broken chunks, is the caller's fault and makes nothing", async () => {
    const chunked = head("POST /v1/jobs", worker.url, worker.key, JSON_LINE, "transfer-encoding: chunked");
    const upload = head("POST /v1/uploads", worker.url, worker.key, "content-type: image/png", "content-length: 5000");
    for (const request of [create(500) + BODY, `${chunked}zz\r\n`, `${chunked}13\r\n${BODY}`, `${upload}\x89PNG`]) {
      const [answer] = await sendRaw(worker.url, request);
      expect(answer?.status, answer?.body).toBe(400);
      expect(codeOnWire(answer)).not.toBeNull();
    }
    expect(worker.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
    expect(await worker.bucketKeys()).toEqual([]);
  });

  it("[S4] that comes drop by drop, on fifty connections, keeps nobody else waiting", async () => {
    const wires: Wire[] = [];
    for (let i = 0; i < 50; i++) {
      const wire = await openWire(worker.url);
      wires.push(wire);
      await wire.say(create(BODY.length) + BODY.slice(0, 1));
    }
    // Between one drop and the next, others are served.
    for (const drop of BODY.slice(1, -1)) {
      for (const wire of wires) await wire.say(drop);
      expect((await worker.request("/v1/me")).status).toBe(200);
    }
    const job = await worker.run({ workflow: "demo" });
    expect(job.status).toBe("succeeded");
    for (const wire of wires.slice(2)) void wire.finish();
    // Slow is not wrong: who goes on gets a job.
    for (const wire of wires.slice(0, 2)) {
      await wire.say(BODY.slice(-1));
      expect((await wire.first()).status).toBe(202);
      await wire.finish();
    }
  });
});

describe("a path", () => {
  it.each([
    ["/v1/jobs/%2e%2e/keys", 403],
    ["/v1/jobs/../keys", 403],
    ["/s/x/../../v1/keys", 403],
    ["/errors/%2E%2E/v1/keys", 403],
    ["/v1\\keys", 403],
    ["/v1/%6beys", 403],
    ["http://elsewhere.example/v1/keys", 403],
    ["/v1/keys?x=/../../v1/health", 403],
    ["/v1/keys/", 404],
    ["//v1/keys", 404],
    ["/v1//keys", 404],
    ["/v1/./keys/.", 404],
    ["/v1/keys%2f", 404],
    ["/v1%2fkeys", 404],
    ["/v1/keys%00", 404],
    ["/v1/keys%0d%0a", 404],
    ["/v1/keys;x=y", 404],
    ["/V1/KEYS", 404],
    ["/v1/keys.json", 404],
    ["/v1/jobs/..%2fkeys", 404],
    ["/v1/jobs/%2e%2e%2fkeys", 404],
    ["/v1/jobs/%252e%252e", 404],
    ["/v1/jobs/%ff", 404],
    ["/v1/jobs/%", 404],
    ["/v1/workflows/..%2f..%2fkeys", 404],
    ["/s/..%2f..%2fv1%2fkeys/state", 404],
    ["/m/..%2f../x/original.png", 404],
    ["/assets/..%2f..%2fworker/index.js", 404],
    ["/assets/../../worker/index.js", 404],
    ["/errors/..%2f..%2fpackage.json", 404],
    ["/.dev.vars", 404],
    ["/wrangler.toml", 404],
    ["/.git/config", 404],
    ["/v1/keys\x01", 400],
  ])("[S3, A7] %j is no way around a door (%d)", async (path, status) => {
    const [answer] = await sendRaw(worker.url, head(`GET ${path}`, worker.url, ana.key, "connection: close"));
    expect(answer?.status, answer?.body).toBe(status);
    if (status === 403) expect(codeOnWire(answer)).toBe("scope_missing");
    expect(answer?.body).not.toMatch(/ec_sk_|SIGNING_SECRET *=|createApp/);
  });

  it("[S3] with line breaks in it, coded or not, puts no line into an answer", async () => {
    const job = await worker.run({ workflow: "demo" });
    const breaks = "%0d%0aset-cookie:%20a=b%0d%0a%0d%0a<script>";
    const media = new URL(job.outputs[0]?.url ?? "").pathname;
    const paths = [
      `/v1/jobs/${breaks}`,
      `/v1/workflows/${breaks}`,
      `/v1/jobs?cursor=${breaks}&status=${breaks}`,
      `/v1/jobs/${job.id}/events?after=${breaks}`,
      `/s/${breaks}`,
      `/m/${breaks}/${breaks}/${breaks}`,
      `${media}?download=${breaks}`,
      `/${breaks}`,
    ];
    for (const path of paths) {
      const [answer] = await sendRaw(worker.url, head(`GET ${path}`, worker.url, worker.key, "connection: close"));
      expect(answer?.headers.has("set-cookie"), path).toBe(false);
      expect([...(answer?.headers.values() ?? [])].join(), path).not.toContain("<script>");
      expect(answer?.headers.get("content-type")?.includes("html") && answer.body.includes("<script>"), path).not.toBe(
        true,
      );
    }
    const lines = ["location: x\r\n y", "x-a: b\rset-cookie: a=b", "idempotency-key: a\r\n set-cookie: a=b"];
    for (const line of lines) {
      const [answer] = await sendRaw(worker.url, head("GET /v1/me", worker.url, worker.key, line));
      expect(answer?.status, line).toBe(400);
      expect(answer?.headers.has("set-cookie")).toBe(false);
    }
  });
});

describe("a header", () => {
  const LONG = 16_400;
  const long = "a".repeat(LONG);

  it.each<[string, string, string, number, string | null]>([
    ["Authorization", "GET /v1/me", `authorization: Bearer ${long}`, 400, "invalid_header"],
    ["Idempotency-Key", "POST /v1/jobs", `idempotency-key: ${long}`, 400, "invalid_header"],
    ["Prefer", "GET /v1/me", `prefer: wait=${"9".repeat(LONG)}`, 200, null],
    ["If-None-Match", "GET /v1/me", `if-none-match: ${'W/"1",'.repeat(LONG / 6)}`, 200, null],
    ["Accept-Language", "GET /v1/nowhere", `accept-language: ${long}`, 404, "not_found"],
    ["Last-Event-ID", "GET /v1/jobs/{id}/events", `last-event-id: ${"9".repeat(LONG)}`, 400, "invalid_parameter"],
    ["Range", "GET {media}", `range: bytes=${"0-1,".repeat(LONG / 4)}`, 200, null],
    ["Sec-WebSocket-Protocol", "GET /v1/me", `sec-websocket-protocol: easel.token.${long}`, 200, null],
    ["Cookie", "GET /v1/me", `cookie: ${long}`, 200, null],
    ["Content-Type", "POST /v1/jobs", `content-type: application/json;${long}`, 202, null],
    ["Origin", "GET /v1/me", `origin: ${long}`, 403, "secret_key_in_browser"],
    ["X-Request-Id", "GET /v1/nowhere", `x-request-id: ${long}`, 404, "not_found"],
  ])("[S3] of 16 kB is refused or passed over: %s", async (name, line, header, status, code) => {
    const job = line.includes("{") ? await worker.run({ workflow: "demo" }) : null;
    const media = new URL(job?.outputs[0]?.url ?? worker.url).pathname;
    const first = line.replace("{id}", job?.id ?? "").replace("{media}", media);
    const isPost = line.startsWith("POST");
    const lines = isPost ? [`content-length: ${BODY.length}`, ...(name === "Content-Type" ? [] : [JSON_LINE])] : [];
    const key = name === "Authorization" ? null : worker.key;
    const stream = first.endsWith("/events") ? ["accept: text/event-stream"] : [];
    const request = head(first, worker.url, key, header, ...lines, ...stream, "connection: close");
    const [answer] = await sendRaw(worker.url, request + (isPost ? BODY : ""));
    expect([answer?.status, codeOnWire(answer)], answer?.body.slice(0, 300)).toEqual([status, code]);
  });

  it("[S3, S6] of hundreds of languages, in one line or in many, is read as far as its bound", async () => {
    const many = Array.from({ length: 900 }, (_, n) => `x${n};q=0.${n}`);
    const tries: [string, string[]][] = [
      ["de", [`accept-language: de,${many.join(",")}`]],
      ["en", [`accept-language: ${many.join(",")},de`]],
      ["en", many.map((one) => `accept-language: ${one}`)],
      ["en", [`accept-language: ${"de-".repeat(5_000)}`]],
    ];
    for (const [lang, lines] of tries) {
      const [answer] = await sendRaw(
        worker.url,
        head("GET /v1/nowhere", worker.url, null, ...lines, "connection: close"),
      );
      expect([answer?.status, answer?.headers.get("content-language")]).toEqual([404, lang]);
    }
  });

  it("[A4] named twice is not read as whichever suits: two credentials are none", async () => {
    for (const [first, second] of [
      [worker.key, ana.key],
      [ana.key, worker.key],
      [ana.key, ana.key],
    ]) {
      const request = head(
        "GET /v1/me",
        worker.url,
        first ?? "",
        `authorization: Bearer ${second}`,
        "connection: close",
      );
      const [answer] = await sendRaw(worker.url, request);
      expect(codeOnWire(answer)).toBe("unauthenticated");
    }
  });
});
