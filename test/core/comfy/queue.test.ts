import { describe, expect, it } from "vitest";
import { parseQueueReply, placeInQueue } from "../../../src/core/comfy/queue.ts";
import { exchangesOf, loadCapture } from "../../support/captures.ts";

describe("parseQueueReply", () => {
  it("[C17] lists waiting prompts as they later ran, not as the heap holds them", () => {
    const capture = loadCapture("29-priorities");
    const [exchange] = exchangesOf(capture, "GET", /^\/queue$/);
    const queue = parseQueueReply(exchange?.status ?? 0, String(exchange?.res));
    const started = capture.lines.flatMap((line) => {
      if (line.ch !== "ws" || line.dir !== "in" || !line.text?.includes('"execution_start"')) return [];
      return [(JSON.parse(line.text) as { data: { prompt_id: string } }).data.prompt_id];
    });
    expect(queue.ok && [...queue.value.running, ...queue.value.pending.map((item) => item.promptId)]).toEqual(started);
    expect(started.length).toBe(8);
    expect(queue.ok && queue.value.pending.map((item) => item.position)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it("[C17] breaks ties of number by id", () => {
    const body = JSON.stringify({
      queue_running: [],
      queue_pending: [
        [5, "b", {}],
        [5.0, "a", {}],
        [-1, "c", {}],
      ],
    });
    const queue = parseQueueReply(200, body);
    expect(queue.ok && queue.value.pending.map((item) => item.promptId)).toEqual(["c", "a", "b"]);
  });

  it("is malformed as a whole if one member cannot be read, since a prompt overlooked would count as lost", () => {
    for (const body of [
      '{"queue_running": [], "queue_pending": [[1]]}',
      '{"queue_running": [[null, "a"]], "queue_pending": []}',
      "{}",
      "[]",
    ]) {
      expect(parseQueueReply(200, body), body).toEqual({ ok: false, error: "malformed" });
    }
    expect(parseQueueReply(502, "")).toEqual({ ok: false, error: "bad_status" });
  });
});

describe("placeInQueue", () => {
  it("finds a prompt running, waiting or nowhere", () => {
    const queue = { running: ["r"], pending: [{ promptId: "p", number: 3, position: 0 }] };
    expect(placeInQueue(queue, "r")).toEqual({ type: "running" });
    expect(placeInQueue(queue, "p")).toEqual({ type: "pending", position: 0 });
    expect(placeInQueue(queue, "x")).toEqual({ type: "absent" });
  });
});
