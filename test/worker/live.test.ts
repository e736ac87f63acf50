import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inspect } from "../support/artifacts.ts";
import { small, ticking, twoSaves } from "../support/graphs.ts";
import { previewHeader, type Viewer } from "../support/viewers.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker({ fake: { stepMs: 40, previewSize: 64 } });
});
afterAll(() => worker.close());

const DURABLE = ["status", "output", "warning", "end"];
const durable = (viewer: Viewer) => viewer.events.filter((event) => DURABLE.includes(event.type));
const rising = (numbers: number[]) => numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? 0));
/** The counter never falls, and each durable event has a number of its own, above all that came before it. */
function expectInOrder(viewer: Viewer): void {
  for (const [at, event] of viewer.events.entries()) {
    const seen = Math.max(0, ...viewer.events.slice(0, at).map((one) => one.seq ?? 0));
    if (event.seq === null) continue;
    expect(event.seq, viewer.seqs.join()).toBeGreaterThanOrEqual(seen);
    if (DURABLE.includes(event.type)) expect(event.seq, viewer.seqs.join()).toBeGreaterThan(seen);
  }
}
/** A run of about two seconds. */
const painting = (prompt: string) => ({ workflow: "txt2img", inputs: small(prompt, { steps: 50 }) });

describe("watching a job", () => {
  it("[V7] a WebSocket viewer, an SSE viewer and a late one see the same job to the same end", async () => {
    const { id } = await worker.createJob(painting("three watch"));
    const path = `/v1/jobs/${id}/events`;
    const socket = await worker.socket(path);
    const stream = await worker.stream(path);
    await socket.until(() => socket.all("progress").some(({ data }) => (data.step ?? 0) > 10), "the middle of the run");
    const late = await worker.socket(path);
    const ends = await Promise.all([socket, stream, late].map((viewer) => viewer.first("end")));
    expect(ends[0]?.data).toEqual(ends[1]?.data);
    expect(ends[0]?.data).toEqual(ends[2]?.data);
    expect(ends[0]?.data.job).toMatchObject({ status: "succeeded", outputs: [{ type: "image" }] });
    expect(ends[0]?.seq).toBe((await worker.getJob(id)).seq);
    expect(await Promise.all([socket.closed(), stream.closed(), late.closed()])).toEqual([1000, 0, 1000]);
    for (const viewer of [socket, stream, late]) {
      expectInOrder(viewer);
      expect(viewer.events[0]).toMatchObject({
        type: "hello",
        data: { protocol: "easel.live.v1", role: "owner", resumed: false },
      });
      expect(viewer.types.at(-1)).toBe("end");
      const values = viewer.all("progress").flatMap(({ data }) => data.value ?? []);
      expect(
        values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0)),
        values.join(),
      ).toBe(true);
      // 100 % is said at the end alone, when all is stored.
      expect(values.every((value) => value < 1)).toBe(true);
    }
    expect(late.events[0]).toMatchObject({ data: { job: { status: "running", progress: { kind: "determinate" } } } });
    const joinedAt = stream.seqs[0] ?? 0;
    expect(durable(stream)).toEqual(durable(socket).filter((event) => (event.seq ?? 0) > joinedAt));
  });

  it("[V3, V5] a viewer that drops and comes back with its cursor misses no durable event, over WebSocket and SSE", async () => {
    const { id } = await worker.createJob({ graph: twoSaves(100, 20, 0x101112), share: {} });
    const path = `/v1/jobs/${id}/events`;
    const whole = await worker.socket(path);
    const early = await worker.socket(path);
    await early.first("progress");
    early.close();
    const cursor = early.seqs.at(-1) ?? 0;
    await worker.until(id, (job) => job.outputs.length === 1);
    const back = await worker.socket(`${path}?after=${cursor}`);
    const backByStream = await worker.stream(path, { headers: { "last-event-id": String(cursor) } });
    await Promise.all([whole.closed(), back.closed(), backByStream.closed()]);
    const missed = durable(whole).filter((event) => (event.seq ?? 0) > cursor);
    expect(missed.map((event) => event.type)).toEqual(expect.arrayContaining(["output", "status", "end"]));
    for (const viewer of [back, backByStream]) {
      expect(viewer.events[0]).toMatchObject({ type: "hello", data: { resumed: true, job: null } });
      expect(durable(viewer)).toEqual(missed);
      expectInOrder(viewer);
    }
  });

  it("[V3] the cursor of a viewer that breaks off in the middle of what it missed still misses nothing", async () => {
    const job = await worker.run({ graph: twoSaves(2, 5, 0x131415) });
    const all = await worker.stream(`/v1/jobs/${job.id}/events?after=1`);
    await all.closed();
    const kept = durable(all).map((event) => event.seq);
    for (const at of all.events.keys()) {
      const seen = all.events.slice(0, at + 1);
      const cursor = seen.flatMap((event) => event.seq ?? []).at(-1) ?? 1;
      const unseen = kept.filter((seq) => !seen.some((event) => event.seq === seq));
      if (unseen.length === 0) continue;
      const rest = await worker.stream(`/v1/jobs/${job.id}/events?after=${cursor}`);
      await rest.closed();
      expect(durable(rest).map((event) => event.seq)).toEqual(unseen);
    }
  });

  it("[V1] a viewer that comes after the end is told the end and let go", async () => {
    const job = await worker.run({ graph: ticking(2, 5, 0x161718) });
    const path = `/v1/jobs/${job.id}/events`;
    const late = await worker.socket(path);
    expect(await late.closed()).toBe(1000);
    expect((await late.first("end")).data.job).toMatchObject({ id: job.id, status: "succeeded" });
    const stream = await worker.stream(path);
    await stream.closed();
    expect(stream.types).toEqual(["hello", "end"]);
    expectInOrder(stream);
    const again = await worker.request(path, {
      headers: { accept: "text/event-stream", "last-event-id": String(stream.seqs.at(-1)) },
    });
    expect(again.status).toBe(204);
  });

  it("[V6] previews come as ComfyUI's binary frames, one at a time, and the next one when the last was read", async () => {
    const { id } = await worker.createJob(painting("frames"));
    const patient = await worker.socket(`/v1/jobs/${id}/events`, { acknowledge: false });
    const eager = await worker.socket(`/v1/jobs/${id}/events`);
    const frame = await patient.until(() => patient.frames[0], "a preview");
    const { type, header, image } = previewHeader(frame);
    expect(type).toBe(4);
    expect(header).toMatchObject({ prompt_id: id, image_type: "image/jpeg", rev: expect.any(Number) });
    expect(inspect(image)).toMatchObject({ contentType: "image/jpeg", truncated: false });
    await eager.until(() => eager.frames.length >= 3, "three previews for the one who acknowledges");
    expect(patient.frames).toHaveLength(1);
    patient.say({ type: "ready", rev: header.rev });
    await patient.until(() => patient.frames.length === 2, "the next preview after ready");
    const revs = eager.frames.map((one) => Number(previewHeader(one).header.rev));
    expect(rising(revs)).toBe(true);
    await worker.ended(id);
  });

  it("previews by URL can be fetched while the job runs, and inline ones need no fetch", async () => {
    const { id } = await worker.createJob(painting("urls"));
    const byUrl = await worker.stream(`/v1/jobs/${id}/events`);
    const inline = await worker.stream(`/v1/jobs/${id}/events?previews=inline`);
    const { data } = await byUrl.first("preview");
    expect(inspect(await worker.bytes(data.url, {}))).toMatchObject({ contentType: "image/jpeg" });
    const { data: carried } = await inline.first("preview");
    expect(inspect(new Uint8Array(Buffer.from(carried.data_base64 ?? "", "base64"))).contentType).toBe("image/jpeg");
    await worker.ended(id);
    expect((await worker.request(`/v1/jobs/${id}/preview`)).status).toBe(404);
  });

  it("configure and visible: who wants no previews gets none", async () => {
    const { id } = await worker.createJob(painting("no pictures please"));
    const none = await worker.socket(`/v1/jobs/${id}/events?previews=none`);
    const off = await worker.socket(`/v1/jobs/${id}/events`);
    off.say({ type: "configure", previews: "none" });
    await off.closed();
    expect(none.frames).toHaveLength(0);
    // One may have been on its way already.
    expect(off.frames.length).toBeLessThanOrEqual(1);
    expect(none.all("preview")).toHaveLength(0);
  });

  it("[V8] what is no message of the protocol closes the socket with 4400; ping is answered", async () => {
    const { id } = await worker.createJob(painting("rude"));
    const polite = await worker.socket(`/v1/jobs/${id}/events`);
    await polite.until(() => polite.raw.includes("pong"), "the answer to the first ping");
    for (const message of ["{", '{"type":"fly"}', '{"type":"ready","rev":-1}', "x".repeat(5000)]) {
      const rude = await worker.socket(`/v1/jobs/${id}/events`);
      rude.say(message);
      expect(await rude.closed(), message.slice(0, 30)).toBe(4400);
    }
    expect(await polite.closed()).toBe(1000);
  });

  it("the owner may cancel over the socket", async () => {
    const { id } = await worker.createJob({ graph: ticking(400, 25, 0x191a1b) });
    const owner = await worker.socket(`/v1/jobs/${id}/events`);
    await owner.first("progress");
    owner.say({ type: "cancel" });
    expect((await owner.first("end")).data.status).toBe("canceled");
  });
});
