/** Decoding of the live protocol: everything known passes, everything else is dropped without a sound. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pageSamples, sampleEvent, sampleJob, sampleOutput, sampleProgress } from "../../scripts/page-samples.ts";
import { decodeEvent, decodePreviewFrame } from "../../src/client/decode.ts";
import { createSseReader } from "../../src/client/sse.ts";

const headline = "Painting";
const preview = { rev: 1, url: null, content_type: "image/jpeg", width: 8, height: 8, size_bytes: 9 };
const events = [
  sampleEvent("status", 2, {
    status: "running",
    previous: "queued",
    phase: "sampling",
    terminal: false,
    attempt: 1,
    headline,
    notice: null,
  }),
  sampleEvent("queue", 3, {
    position: 1,
    ahead: 0,
    reason: "paused",
    est_start_ms: null,
    est_start_p90_ms: null,
    headline,
  }),
  sampleEvent("progress", 4, { ...sampleProgress({}), phase: "sampling", headline }),
  sampleEvent("preview", 5, { ...preview, node_id: null, step: null, steps: null, data_base64: null }),
  sampleEvent("output", 6, { output: sampleOutput(0), index: 0, expected: null }),
  sampleEvent("warning", 7, { code: "attempt_retried", message: "Trying again." }),
  sampleEvent("viewers", null, { now: 1, peak: 2, total: 3 }),
  sampleEvent("ping", null, { seq: 7 }),
  sampleEvent("end", 8, { status: "succeeded", job: sampleJob({ terminal: true }) }),
  sampleEvent("bye", null, { reason: "rotate", reconnect: true, retry_ms: 1200 }),
];

describe("decodeEvent", () => {
  it.each(events.map((event) => [event.type, event] as const))("passes %s, also with unknown fields", (_, event) => {
    expect(decodeEvent(JSON.stringify(event))).toEqual(event);
    const newer = { ...event, more: 1, data: { ...event.data, more: 1 } };
    expect(decodeEvent(JSON.stringify(newer))).toEqual(newer);
  });

  it.each([
    ["nothing", ""],
    ["the runtime's pong", "pong"],
    ["broken JSON", '{"type":"ping"'],
    ["an array", "[]"],
    ["an unknown type", '{"type":"weather","seq":1,"data":{}}'],
    ["a type from the object's prototype", '{"type":"constructor","seq":1,"data":{}}'],
    ["no data", '{"type":"ping","seq":null}'],
    ["a seq that is no number", '{"type":"ping","seq":"1","data":{}}'],
    ["a hello with half a job", '{"type":"hello","seq":1,"data":{"job":{"seq":1}}}'],
    ["an output without id", '{"type":"output","seq":1,"data":{"output":{}}}'],
    ["progress of text", '{"type":"progress","seq":1,"data":{"value":"most","phase":"sampling"}}'],
    ["too much", JSON.stringify({ type: "ping", seq: null, data: { x: "x".repeat(1 << 20) } })],
  ])("drops %s", (_, text) => {
    expect(decodeEvent(text)).toBeNull();
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void decodeEvent(text)));
  });

  it("passes the events of all page samples", () => {
    const sent = pageSamples.flatMap((sample) => sample.events);
    expect(sent.length).toBeGreaterThan(0);
    for (const event of sent) expect(decodeEvent(JSON.stringify(event))).toEqual(event);
  });
});

function frame(header: unknown, image: number[], kind = 4, headerBytes?: number): ArrayBuffer {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + image.length);
  new DataView(bytes.buffer).setUint32(0, kind);
  new DataView(bytes.buffer).setUint32(4, headerBytes ?? json.length);
  bytes.set(json, 8);
  bytes.set(image, 8 + json.length);
  return bytes.buffer;
}

describe("decodePreviewFrame", () => {
  const header = { rev: 9, image_type: "image/jpeg" };

  it("parts header and image", () => {
    const decoded = decodePreviewFrame(frame(header, [1, 2, 3]));
    expect(decoded?.header.rev).toBe(9);
    expect([...(decoded?.image ?? [])]).toEqual([1, 2, 3]);
  });

  it.each([
    ["too few bytes", new ArrayBuffer(7)],
    ["another kind", frame(header, [1], 1)],
    ["a header longer than the frame", frame(header, [1], 4, 4_000)],
    ["no image", frame(header, [])],
    ["a header that is no JSON", frame("{", [1])],
    ["no revision", frame({ image_type: "image/png" }, [1])],
    ["an image type that could carry script", frame({ rev: 1, image_type: "image/svg+xml" }, [1])],
  ])("drops %s", (_, bytes) => {
    expect(decodePreviewFrame(bytes)).toBeNull();
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (tail) => {
        decodePreviewFrame(Uint8Array.from([0, 0, 0, 4, 0, 0, 0, ...tail]).buffer);
      }),
    );
  });
});

describe("the event-stream reader", () => {
  const stream =
    "retry: 2000\n\nid: 4\nevent: ping\ndata: one\n\n: hb\n\ndata:two\r\ndata: lines\r\n\r\nid: 5\n\ndata: half";

  it("gives the data of finished events and nothing else", () => {
    expect(createSseReader()(stream)).toEqual(["one", "two\nlines"]);
  });

  it("does not care where chunks are cut", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: stream.length }), fc.integer({ min: 0, max: stream.length }), (a, b) => {
        const read = createSseReader();
        const [from, to] = a < b ? [a, b] : [b, a];
        const chunks = [stream.slice(0, from), stream.slice(from, to), stream.slice(to)];
        expect(chunks.flatMap((chunk) => read(chunk))).toEqual(["one", "two\nlines"]);
      }),
    );
  });
});
