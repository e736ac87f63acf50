/** The client as it is shipped, in the places where apps run: inside a Worker, and in a browser on another origin. */
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLIENT_BUNDLE } from "../../scripts/build-client.ts";
import { TRANSPORTS, type Transport } from "../../src/client/ladder.ts";
import { must } from "../../src/core/util/assert.ts";
import { png } from "../support/artifact-pictures.ts";
import { launchBrowser } from "../support/browser.ts";
import { ticking } from "../support/graphs.ts";
import { asUser, WITH_GRAPHS } from "../support/tenants.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

let worker: TestWorker;
let token: string;
beforeAll(async () => {
  worker = await startWorker();
  token = (await asUser(worker, "ana", WITH_GRAPHS)).key;
});
afterAll(() => worker.close());

/** A colour that no job before had: ComfyUI does not run again what it has run. */
let colour = 0x100000;
const freshColour = () => {
  colour += 1;
  return colour;
};

/** What an app does, from the first call to the end of the job; runs in the place that is tested. */
const APP = `async ({ createClient }, { baseUrl, token, picture, graph, transports }) => {
  const client = createClient({ baseUrl, token: () => token });
  const shares = [];
  const bytes = Uint8Array.from(atob(picture), (character) => character.charCodeAt(0));
  const upload = await client.upload(bytes, { contentType: "image/png", onProgress: (share) => shares.push(share) });
  const run = await client.submit({ graph });
  const live = new Set();
  const follow = run.follow({ transports, onLink: (link) => link.type === "live" && live.add(link.transport) });
  let last = null;
  for await (const { job } of follow) last = job;
  const failed = await client.job("nonsense").get().catch(({ name, code }) => [name, code]);
  return { id: run.id, status: last.status, live: [...live], width: upload.width, shares, failed };
}`;

const SERVE_APP = `export default { fetch: async (request) => Response.json(await (${APP})(easel, await request.json())) };`;

describe("the client as it is shipped", () => {
  const bundle = async () => {
    const { outputFiles } = await build({ ...CLIENT_BUNDLE, outdir: "unused", write: false });
    return must(outputFiles[0], "a bundle").text;
  };
  const settings = (transport: Transport) => ({
    baseUrl: worker.url,
    token,
    picture: Buffer.from(png(16, 16)).toString("base64"),
    graph: ticking(20, 20, freshColour()),
    transports: [transport],
  });
  const expected = (transport: Transport) => ({
    status: "succeeded",
    live: [transport],
    width: 16,
    failed: ["EaselError", "not_found"],
  });

  it.each(["websocket", "sse"] as const)("[V7] works inside a Worker, by %s", async (transport) => {
    const modules = [
      { type: "ESModule", path: "main.js", contents: `import * as easel from "./easel.js"; ${SERVE_APP}` },
      { type: "ESModule", path: "easel.js", contents: await bundle() },
    ];
    const inside = new Miniflare(
      convertV4MiniflareOptions({
        cf: false,
        telemetry: { enabled: false },
        workers: [{ name: "app", modules, compatibilityDate: "2025-11-01" }],
      } as Parameters<typeof convertV4MiniflareOptions>[0]),
    );
    try {
      const body = JSON.stringify(settings(transport));
      const response = await fetch(await inside.ready, { method: "POST", body });
      const result = (await response.json()) as Record<string, unknown>;
      expect(result).toMatchObject(expected(transport));
      expect(result.shares).toEqual([0, 1]);
    } finally {
      await inside.dispose();
    }
  });

  it("[V7] works in a browser, from another origin, by every transport", async () => {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const address = `data:text/javascript;base64,${Buffer.from(await bundle()).toString("base64")}`;
      for (const transport of TRANSPORTS) {
        const call = `import(${JSON.stringify(address)}).then((easel) => (${APP})(easel, ${JSON.stringify(settings(transport))}))`;
        const result = (await page.evaluate(call)) as { shares: number[] };
        expect(result).toMatchObject(expected(transport));
        expect([result.shares[0], result.shares.at(-1)]).toEqual([0, 1]);
      }
    } finally {
      await browser.close();
    }
  });
});
