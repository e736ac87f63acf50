import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Share } from "../../src/contract/api.ts";
import { small, ticking, twoSaves } from "../support/graphs.ts";
import { askAsAnyone, pathOf, startHushedWorker, stateAt } from "../support/strangers.ts";
import type { TestWorker } from "../support/worker.ts";
import { problemOf } from "../support/worker-client.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startHushedWorker();
});
afterAll(() => worker.close());

const anyone = (...asked: [path: string, init?: Parameters<typeof askAsAnyone>[2]]) => askAsAnyone(worker, ...asked);
const stateOf = (path: string) => stateAt(worker, path);

describe("a share link", () => {
  it("opens a page that is private to its link, runs nothing foreign and tells no one where it was", async () => {
    const job = await worker.createJob({ graph: ticking(30, 20, 1), share: {} });
    const page = await anyone(pathOf(job.new_share as Share));
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toMatch(
      /^default-src 'none';.*script-src 'self';.*frame-ancestors 'none'/,
    );
    expect(page.headers.get("content-security-policy")).not.toContain("unsafe");
    expect(page.headers.get("referrer-policy")).toBe("no-referrer");
    expect(page.headers.get("x-robots-tag")).toContain("noindex");
    expect(page.headers.get("cache-control")).toBe("private, no-store");
    const html = await page.text();
    expect(html).toContain("<noscript");
    for (const [, asset = ""] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
      expect((await anyone(asset)).status, asset).toBe(200);
    }
    await worker.ended(job.id);
  });

  it("shows the job as it goes, to its end, by state, WebSocket and SSE", async () => {
    const job = await worker.createJob({ workflow: "txt2img", inputs: small("shown", { steps: 80 }), share: {} });
    const path = pathOf(job.new_share as Share);
    const socket = await worker.socket(`${path}/events`, { key: null });
    const stream = await worker.stream(`${path}/events`, { key: null });
    expect((await socket.first("hello")).data.role).toBe("viewer");
    const { data: preview } = await stream.first("preview");
    expect((await anyone(preview.url ?? "")).status).toBe(200);
    const ends = await Promise.all([socket.first("end"), stream.first("end")]);
    expect(ends[0].data).toEqual(ends[1].data);
    const state = await stateOf(path);
    expect(state).toMatchObject({ status: "succeeded", outputs: [{ name: "result-1.png", node_id: "" }] });
    expect(state.seq).toBe(ends[0].seq);
    const unchanged = await anyone(`${path}/state`, { headers: { "if-none-match": `W/"${state.seq}"` } });
    expect(unchanged.status).toBe(304);
    expect(await socket.closed()).toBe(1000);
  });

  it("counts who watches", async () => {
    const job = await worker.createJob({ graph: ticking(200, 20, 2), share: {} });
    const path = `${pathOf(job.new_share as Share)}/events`;
    const owner = await worker.socket(`/v1/jobs/${job.id}/events`);
    const viewers = await Promise.all([worker.socket(path, { key: null }), worker.stream(path, { key: null })]);
    await owner.until(() => owner.all("viewers").some(({ data }) => data.now === 2 && data.total === 2), "two viewers");
    viewers[0]?.close();
    await owner.until(() => owner.all("viewers").at(-1)?.data.now === 1, "one viewer");
    expect(owner.all("viewers").at(-1)?.data.peak).toBe(2);
    await worker.post(`/v1/jobs/${job.id}/cancel`, {});
    await worker.ended(job.id);
  });

  it("cannot cancel, and opens nothing else", async () => {
    const job = await worker.createJob({ graph: ticking(40, 20, 3), share: {} });
    const viewer = await worker.socket(`${pathOf(job.new_share as Share)}/events`, { key: null });
    viewer.say({ type: "cancel" });
    expect((await viewer.first("end")).data.status).toBe("succeeded");
    const token = pathOf(job.new_share as Share).slice(3);
    expect((await worker.request(`/v1/jobs/${job.id}`, { key: token })).status).toBe(401);
    const other = await worker.run({ graph: ticking(2, 5, 4) });
    const foreign = await anyone(`/s/${token}/m/${other.outputs[0]?.id}/original`);
    expect(foreign.status).toBe(404);
  });

  it("[V10] when revoked closes who is watching at once, and is gone for everybody: page, state, events, files", async () => {
    const job = await worker.createJob({ graph: twoSaves(400, 20, 5), share: { label: "first" } });
    const other = await worker.share(job.id, { label: "second" });
    const path = pathOf(job.new_share as Share);
    const socket = await worker.socket(`${path}/events`, { key: null });
    const stream = await worker.stream(`${path}/events`, { key: null });
    const elsewhere = await worker.socket(`${pathOf(other)}/events`, { key: null });
    await worker.until(job.id, ({ outputs }) => outputs.length === 1);
    const [output] = (await stateOf(path)).outputs;
    const revoked = await worker.request(`/v1/jobs/${job.id}/shares/${job.new_share?.id}`, { method: "DELETE" });
    expect(revoked.status).toBe(204);
    expect(await socket.closed()).toBe(4410);
    await stream.closed();
    expect(stream.types).not.toContain("end");
    const page = await anyone(path);
    expect(page.status).toBe(410);
    expect(page.headers.get("content-type")).toContain("text/html");
    for (const rest of [
      "/state",
      "/events",
      "/preview",
      new URL(output?.url ?? "", worker.url).pathname.slice(path.length),
    ]) {
      const gone = await anyone(path + rest);
      expect(gone.status, rest).toBe(410);
      expect((await problemOf(gone)).code).toBe("share_revoked");
    }
    const listed = (await (await worker.request(`/v1/jobs/${job.id}/shares`)).json()) as { data: Share[] };
    expect(listed.data.map(({ label, url, revoked_at }) => [label, url, revoked_at !== null]).sort()).toEqual([
      ["first", null, true],
      ["second", null, false],
    ]);
    expect(elsewhere.closedWith).toBeNull();
    await worker.post(`/v1/jobs/${job.id}/cancel`, {});
    expect((await elsewhere.first("end")).data.status).toBe("canceled");
  });

  it("[V10] that nobody made is a calm page and a clear error, and does not make an object of a job", async () => {
    for (const token of ["a".repeat(44), "nonsense", "no%20token"]) {
      const page = await anyone(`/s/${token}`);
      expect(page.status, token).toBe(404);
      expect(page.headers.get("content-type")).toContain("text/html");
      expect((await problemOf(await anyone(`/s/${token}/state`))).code).toBe("not_found");
      expect((await problemOf(await anyone(`/s/${token}/events`))).code).toBe("not_found");
    }
  });

  it("[V9] shows only what it is told to reveal", async () => {
    const job = await worker.createJob({ workflow: "txt2img", inputs: small("reveal", { steps: 60 }) });
    const nothing = pathOf(await worker.share(job.id, { reveal: [] }));
    const previews = pathOf(await worker.share(job.id, { reveal: ["previews"] }));
    const outputs = pathOf(await worker.share(job.id, { reveal: ["outputs"] }));
    const [none, some, results] = await Promise.all(
      [nothing, previews, outputs].map((path) => worker.socket(`${path}/events`, { key: null })),
    );
    await some?.until(() => some.frames.length > 1, "previews where they are revealed");
    expect((await anyone(`${nothing}/preview`)).status).toBe(403);
    expect((await anyone(`${outputs}/preview`)).status).toBe(403);
    const ended = await Promise.all([none, some, results].map((viewer) => viewer?.first("end")));
    expect(ended.map((end) => end?.data.job.outputs.length)).toEqual([0, 0, 1]);
    expect([none, some, results].map((viewer) => (viewer?.frames.length ?? 0) > 0)).toEqual([false, true, false]);
    expect([none, some, results].map((viewer) => viewer?.all("output").length)).toEqual([0, 0, 1]);
    const { id } = ended[2]?.data.job.outputs[0] ?? { id: "" };
    expect((await problemOf(await anyone(`${previews}/m/${id}/original`))).code).toBe("not_revealed");
    expect((await anyone(`${outputs}/m/${id}/original`)).status).toBe(200);
  });

  it("without downloads refuses them", async () => {
    const job = await worker.run({ graph: ticking(2, 5, 6) });
    const closed = pathOf(await worker.share(job.id, { allow_download: false }));
    const open = pathOf(await worker.share(job.id));
    const file = `m/${job.outputs[0]?.id}/original`;
    expect((await problemOf(await anyone(`${closed}/${file}?download`))).code).toBe("not_revealed");
    expect((await anyone(`${closed}/${file}`)).status).toBe(200);
    const download = await anyone(`${open}/${file}?download`);
    expect(download.headers.get("content-disposition")).toMatch(/^attachment;.*result-1\.png/);
  });

  it("is one of at most twenty that are open at a time", async () => {
    const job = await worker.run({ graph: ticking(2, 5, 7) });
    const made = [];
    for (let n = 0; n < 20; n++) made.push(await worker.share(job.id));
    const over = await worker.post(`/v1/jobs/${job.id}/shares`, {});
    expect(over.status).toBe(409);
    expect((await problemOf(over)).code).toBe("share_limit");
    await worker.request(`/v1/jobs/${job.id}/shares/${made[0]?.id}`, { method: "DELETE" });
    await worker.share(job.id);
  });
});
