/** The curl of every operation runs as it stands, and what comes back is what the document says of it. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operationsOf } from "../../scripts/docs/openapi.ts";
import { isNode, type Node } from "../../scripts/docs/schemas.ts";
import type { Key } from "../../src/contract/account.ts";
import type { Delivery, WebhookEndpoint } from "../../src/contract/webhook.ts";
import { png } from "../support/artifact-pictures.ts";
import { small } from "../support/graphs.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { builtDocument, misfits } from "./document.ts";

const document = builtDocument();
const operations = operationsOf(document);
/** A finished job has no preview any more. */
const NOTHING_TO_SEE = ["getJobPreview", "getSharePreview"];

let worker: TestWorker;
let folder: string;
/** What the curls' variables stand for. */
let variables: Record<string, string>;

beforeAll(async () => {
  worker = await startWorker();
  folder = mkdtempSync(join(tmpdir(), "easelcast-curls-"));
  variables = { EASELCAST: worker.url, KEY: worker.key, ...(await freshRows(1)) };
});
afterAll(async () => {
  await worker.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Rows for a curl to work on; `size` makes the picture one that was not uploaded before. */
async function freshRows(size: number): Promise<Record<string, string>> {
  const picture = png(8, 8 + size);
  writeFileSync(join(folder, "picture.png"), picture);
  const job = await worker.run({ workflow: "txt2img", inputs: small("a fox") });
  const share = await worker.share(job.id);
  const upload = await worker.upload(new Uint8Array(picture));
  const key = (await (await worker.post("/v1/keys", { name: "a key", scopes: ["jobs:read"] })).json()) as Key;
  const [output] = job.outputs;
  const [, , signature = "", , file = ""] = new URL(output?.url ?? "http://x/").pathname.split("/");
  return {
    JOB_ID: job.id,
    OUTPUT_ID: output?.id ?? "",
    SHARE_ID: share.id,
    SHARE_TOKEN: new URL(share.url).pathname.split("/").at(-1) ?? "",
    UPLOAD_ID: upload.id,
    SHA256: createHash("sha256").update(picture).digest("hex"),
    KEY_ID: key.id,
    ...(await freshWebhook()),
    SIGNATURE: signature,
    FILE: file,
  };
}

/** An endpoint whose receiver refuses, and a test that was sent to it. */
async function freshWebhook(): Promise<Record<string, string>> {
  const made = await worker.post("/v1/webhooks", { url: "http://127.0.0.1:9/hook" });
  const { id } = (await made.json()) as WebhookEndpoint;
  const delivery = (await (await worker.post(`/v1/webhooks/${id}/test`, {})).json()) as Delivery;
  return { ENDPOINT_ID: id, DELIVERY_ID: delivery.id, EVENT_ID: delivery.event_id };
}

/** Runs a curl in a shell: status and body of the answer. */
async function shell(source: string, env: Record<string, string>): Promise<{ status: number; body: string }> {
  const command = `${source} -s -S --max-time 30 -w '\\n%{http_code}'`;
  const { stdout } = await promisify(execFile)("sh", ["-c", command], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  const cut = stdout.lastIndexOf("\n");
  return { status: Number(stdout.slice(cut + 1)), body: stdout.slice(0, cut) };
}

const schemaOf = (operation: Node, status: number): Node | null => {
  const answer = (operation.responses as Node)[String(status)];
  const content = isNode(answer) && isNode(answer.content) ? answer.content : {};
  const json = content["application/json"] ?? content["application/problem+json"];
  return isNode(json) ? (json.schema as Node) : null;
};

describe("the curl of an operation", () => {
  it.each(operations.map(({ method, path, operation }, index) => [`${method} ${path}`, operation, index] as const))(
    "[S8] runs as it stands: %s",
    async (_name, operation, index) => {
      const [sample] = operation["x-codeSamples"] as { source: string }[];
      const source = sample?.source ?? "";
      // What ends something ends what is its own.
      const ends = / -X DELETE |\/rotate"/.test(source);
      const env = ends ? { ...variables, ...(await freshRows(index + 2)) } : variables;
      const { status, body } = await shell(source, env);
      const id = String(operation.operationId);
      if (NOTHING_TO_SEE.includes(id)) expect(status, body).toBe(404);
      else expect(status, body).toBeLessThan(400);
      expect(Object.keys(operation.responses as Node)).toContain(String(status));
      const schema = schemaOf(operation, status);
      if (schema && !source.includes(" -o ")) expect(misfits(document, schema, JSON.parse(body))).toEqual([]);
    },
  );
});
