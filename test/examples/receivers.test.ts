/** The receivers of examples/, each run by its own language where that is installed here. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JOB_EVENT_TYPES } from "../../src/contract/webhook.ts";
import { eventText } from "../../src/core/webhook/events.ts";
import { pingEvent, sampleEvent } from "../../src/core/webhook/samples.ts";
import { mintSecret } from "../../src/core/webhook/secrets.ts";
import { deliveryHeaders } from "../../src/core/webhook/signature.ts";

const SECRET = mintSecret(new Uint8Array(32).fill(1));
const OTHER = mintSecret(new Uint8Array(32).fill(2));
const STAMP = {
  id: "evt_01kag40f9x000000000000000a",
  at: Date.parse("2026-11-20T07:12:01Z"),
  project: "prj_01kag40f9x000000000000000b",
  origin: "https://api.example.com",
};
const BODY = eventText(sampleEvent("job.succeeded", STAMP));

const folder = fileURLToPath(new URL("../../examples/receivers/", import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), "receivers-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

type Running = { url: string; stop(): Promise<void> };

/** Starts a command that says on which port it listens. */
async function run(command: string, args: string[]): Promise<Running> {
  const child: ChildProcess = spawn(command, args, {
    env: { ...process.env, WEBHOOK_SECRET: SECRET, PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, "exit");
  };
  if (child.stdout === null || child.stderr === null) throw new Error("no output");
  let complaints = "";
  child.stderr.on("data", (text) => {
    complaints += text;
  });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const port = /^listening on port (\d+)$/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stdout.resume();
    return { url: `http://127.0.0.1:${port}`, stop };
  }
  throw new Error(`${command} ended before it listened: ${complaints}`);
}

async function runWorker(): Promise<Running> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: readFileSync(`${folder}workers.js`, "utf8"),
      compatibilityDate: "2026-11-17",
      bindings: { WEBHOOK_SECRET: SECRET },
      cf: false,
      telemetry: { enabled: false },
      handleStructuredLogs: () => {},
    }),
  );
  return { url: (await miniflare.ready).origin, stop: () => miniflare.dispose() };
}

function runGo(): Promise<Running> {
  const binary = join(temporary, "receiver");
  execFileSync("go", ["build", "-o", binary, `${folder}receiver.go`]);
  return run(binary, []);
}

const installed = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;

const RECEIVERS: { name: string; here: boolean; start(): Promise<Running> }[] = [
  { name: "workers.js", here: true, start: runWorker },
  { name: "node.js", here: true, start: () => run(process.execPath, [`${folder}node.js`]) },
  {
    name: "receiver.py",
    here: installed("python3", "-c", "import sys; sys.exit(sys.version_info < (3, 9))"),
    start: () => run("python3", [`${folder}receiver.py`]),
  },
  { name: "receiver.go", here: installed("go", "version"), start: runGo },
];

type Sent = { body?: string; sent?: string; secrets?: string[]; at?: number; headers?: Record<string, string | null> };

/** Posts a signed event, changed as asked; the status of the answer. */
async function post(
  url: string,
  { body = BODY, sent = body, secrets = [SECRET], at = Date.now(), headers = {} }: Sent,
) {
  const signed = new Headers(
    await deliveryHeaders(
      {
        event: { id: STAMP.id, type: "job.succeeded", jobId: "job_01", body },
        deliveryId: "dlv_01",
        attempt: 1,
        at,
        origin: "",
      },
      { secrets, keys: [] },
    ),
  );
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) signed.delete(name);
    else signed.set(name, value);
  }
  return (await fetch(url, { method: "POST", headers: signed, body: sent })).status;
}

describe.each(RECEIVERS)("examples/receivers/$name", ({ here, start }) => {
  let receiver: Running;
  const send = (sent: Sent = {}) => post(receiver.url, sent);

  beforeAll(async () => {
    if (here) receiver = await start();
  }, 120_000);
  afterAll(async () => {
    if (here) await receiver.stop();
  });

  it.runIf(here)("[W10] takes every event that the service signed", async () => {
    const events = [...JOB_EVENT_TYPES.map((type) => sampleEvent(type, STAMP)), pingEvent(null, STAMP)];
    for (const event of events) expect(await send({ body: eventText(event) }), event.type).toBe(204);
    expect(await send({ body: '{"type":"job.later","data":{"job":{"id":"ä"}}}' })).toBe(204);
  });

  it.runIf(here)("[W10] takes what the official package signed", async () => {
    const at = new Date();
    const signature = new Webhook(SECRET).sign(STAMP.id, at, BODY);
    expect(await send({ at: at.getTime(), headers: { "webhook-signature": signature } })).toBe(204);
  });

  it.runIf(here)("[W10] refuses a changed body and another secret", async () => {
    expect(await send({ sent: BODY.replace("succeeded", "failed") })).toBe(401);
    expect(await send({ sent: `${BODY}\n` })).toBe(401);
    expect(await send({ secrets: [OTHER] })).toBe(401);
    expect(await send({ headers: { "webhook-id": "evt_other" } })).toBe(401);
  });

  it.runIf(here)("[W10] refuses what was sent too long ago, or in the future", async () => {
    expect(await send({ at: Date.now() - 600_000 })).toBe(401);
    expect(await send({ at: Date.now() + 600_000 })).toBe(401);
    expect(
      await send({
        at: Date.now() - 600_000,
        headers: { "webhook-timestamp": String(Math.floor(Date.now() / 1_000)) },
      }),
    ).toBe(401);
  });

  it.runIf(here)("[W10] takes one of the two signatures of a rotation, in either order", async () => {
    expect(await send({ secrets: [SECRET, OTHER] })).toBe(204);
    expect(await send({ secrets: [OTHER, SECRET] })).toBe(204);
  });

  it.runIf(here)("[W10] refuses requests without a sound signature, and goes on", async () => {
    for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"]) {
      expect(await send({ headers: { [name]: null } }), name).toBe(401);
    }
    for (const signature of [
      "v1",
      "v1,",
      ",",
      "v1,é",
      "v1,AAAA",
      `v1,${"A".repeat(43)}=`,
      "v2,a v1a,b",
      "x".repeat(5_000),
    ]) {
      expect(await send({ headers: { "webhook-signature": signature } }), signature).toBe(401);
    }
    for (const time of ["now", "", "-1", "1e999", "9".repeat(5_000), "²"]) {
      expect(await send({ headers: { "webhook-timestamp": time } }), time).toBe(401);
    }
    expect(await send()).toBe(204);
  });
});

it.runIf(installed("go", "version"))("[W10] the Go receiver is formatted as Go's own tool does it", () => {
  expect(execFileSync("gofmt", ["-l", `${folder}receiver.go`], { encoding: "utf8" })).toBe("");
});
