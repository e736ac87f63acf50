/** Every line of every recorded conversation, through the decoders: what a real server says is understood whole. */
import { describe, expect, it } from "vitest";
import { type ComfyEvent, decodeBinary, decodeText } from "../../../src/core/comfy/events.ts";
import { parseHistoryReply, parseJobReply } from "../../../src/core/comfy/history.ts";
import { parseQueueReply } from "../../../src/core/comfy/queue.ts";
import { parseCancelReply, parsePromptReply, parseUploadReply } from "../../../src/core/comfy/replies.ts";
import { parseFeatures, parseObjectInfo, parseSystemStats } from "../../../src/core/comfy/server-info.ts";
import { exchangesOf, framesIn, type HttpLine, loadCaptures } from "../../support/captures.ts";

const captures = loadCaptures();

const decode = (frame: string | Uint8Array): ComfyEvent =>
  typeof frame === "string" ? decodeText(frame) : decodeBinary(frame);

const answered = (method: string, path: RegExp): (HttpLine & { status: number; res: string })[] =>
  captures
    .flatMap((capture) => exchangesOf(capture, method, path))
    .filter((line): line is HttpLine & { status: number; res: string } => {
      return line.status !== null && typeof line.res === "string";
    });

describe("recorded conversations", () => {
  it("[C2] hold no frame that is undecodable, ignored or unknown", () => {
    const events = captures.flatMap((capture) => framesIn(capture).map(decode));
    const counts: Record<string, number> = {};
    for (const { type } of events) counts[type] = (counts[type] ?? 0) + 1;
    expect(counts).toEqual({
      status: 202,
      featureFlags: 32,
      executionStart: 48,
      executionCached: 48,
      executing: 201,
      progress: 81,
      progressState: 400,
      executed: 50,
      executionSuccess: 37,
      executionError: 5,
      executionInterrupted: 2,
      preview: 81,
      text: 3,
    });
  });

  it("[C3] end each of their prompts with one executing null", () => {
    for (const capture of captures) {
      const events = framesIn(capture).map(decode);
      const ends = events.filter((event) => event.type === "executing" && event.node === null);
      const terminal = ["executionSuccess", "executionError", "executionInterrupted"];
      if (/17-|17b-|18-|19|16b-/.test(capture.name)) continue; // sockets that were cut, deaf, or not addressed
      expect(ends.length, capture.name).toBe(events.filter((event) => terminal.includes(event.type)).length);
    }
  });

  it("[C4] begin each socket with the only status that carries the client id", () => {
    let sockets = 0;
    for (const capture of captures) {
      const opened = capture.lines.filter((line) => line.ch === "ws" && line.dir === "open" && !line.error).length;
      const withSid = framesIn(capture).filter((frame) => {
        const event = decode(frame);
        return event.type === "status" && event.sid !== null;
      });
      expect(withSid.length, capture.name).toBe(opened);
      sockets += opened;
    }
    expect(sockets).toBe(36);
  });

  it("[C6] lose every traceback and input on the way", () => {
    const decoded = JSON.stringify(
      captures.flatMap((capture) =>
        framesIn(capture)
          .filter((f) => typeof f === "string")
          .map(decode),
      ),
    );
    expect(decoded).not.toMatch(/traceback|current_inputs|current_outputs/);
    for (const line of answered("GET", /\/history\/[0-9a-f-]{36}$/)) {
      const id = line.path.slice(-36);
      expect(JSON.stringify(parseHistoryReply(id, line.status, line.res))).not.toMatch(/traceback|current_inputs/);
    }
  });

  it("parse in every HTTP reply that a client asks for", () => {
    const parsers: [string, RegExp, number[], (line: HttpLine & { status: number; res: string }) => { ok: boolean }][] =
      [
        ["GET", /^\/queue$/, [200], (line) => parseQueueReply(line.status, line.res)],
        [
          "GET",
          /\/history\/[0-9a-f-]{36}$/,
          [200],
          (line) => parseHistoryReply(line.path.slice(-36), line.status, line.res),
        ],
        ["GET", /^\/api\/jobs\/./, [200, 404], (line) => parseJobReply(line.status, line.res)],
        ["POST", /^\/api\/jobs\/[^/]+\/cancel$/, [200], (line) => parseCancelReply(line.status, line.res)],
        ["POST", /^\/upload\/(image|mask)$/, [200], (line) => parseUploadReply(line.status, line.res)],
        ["GET", /^\/system_stats$/, [200], (line) => parseSystemStats(line.status, line.res)],
        ["GET", /\/features$/, [200], (line) => parseFeatures(line.status, line.res)],
        ["GET", /^\/object_info\/./, [200], (line) => parseObjectInfo(line.status, line.res)],
      ];
    const counts = parsers.map(([method, path, statuses, parse]) => {
      const lines = answered(method, path).filter((line) => statuses.includes(line.status));
      for (const line of lines) expect(parse(line).ok, `${method} ${line.path} ${line.res.slice(0, 200)}`).toBe(true);
      return lines.length;
    });
    expect(counts).toEqual([20, 67, 31, 5, 19, 4, 3, 9]);
  });

  it("[C22] answer a prompt with accepted, rejected or an error, by status alone", () => {
    const replies = answered("POST", /^\/prompt$/).map((line) => {
      const reply = parsePromptReply(line.status, line.res);
      return `${line.status} ${reply.type}`;
    });
    const count = (what: string) => replies.filter((reply) => reply === what).length;
    expect([count("200 accepted"), count("400 rejected"), count("500 error")]).toEqual([55, 27, 3]);
    expect(replies.length).toBe(85);
  });
});
