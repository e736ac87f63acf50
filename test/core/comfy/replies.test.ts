import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHistoryReply, parseJobReply } from "../../../src/core/comfy/history.ts";
import { parseQueueReply } from "../../../src/core/comfy/queue.ts";
import { parseCancelReply, parsePromptReply, parseUploadReply } from "../../../src/core/comfy/replies.ts";
import { parseFeatures, parseObjectInfo, parseSystemStats } from "../../../src/core/comfy/server-info.ts";
import { exchangesOf, loadCapture, loadCaptures } from "../../support/captures.ts";

const promptReplies = (name: string) =>
  exchangesOf(loadCapture(name), "POST", /^\/prompt$/).map((line) =>
    parsePromptReply(line.status ?? 0, String(line.res)),
  );

describe("parsePromptReply", () => {
  it("[C21] says which outputs will not run when a prompt is accepted in part", () => {
    expect(promptReplies("10-partially-valid")).toEqual([
      {
        type: "accepted",
        promptId: "5701dbc4-a380-41a8-9d02-e97923dcb575",
        number: 35,
        nodeErrors: [
          {
            nodeId: "3",
            classType: "EmptyImage",
            dependentOutputs: ["4"],
            errors: [
              {
                errorType: "value_smaller_than_min",
                message: "Value 0 smaller than min of 1",
                details: "height",
                inputName: "height",
              },
            ],
          },
        ],
      },
    ]);
  });

  it("names the node and the class that are missing", () => {
    const [first] = promptReplies("08-unknown-class");
    expect(first).toMatchObject({ type: "rejected", errorType: "missing_node_type" });
    expect(first?.type === "rejected" && [typeof first.nodeId, typeof first.classType]).toEqual(["string", "string"]);
  });

  it("keeps each fault of each node, without tracebacks", () => {
    const replies = promptReplies("06-missing-input");
    expect(replies.length).toBe(5);
    for (const reply of replies) {
      expect(reply.type === "rejected" && reply.nodeErrors.flatMap((node) => node.errors).length).toBeGreaterThan(0);
      expect(JSON.stringify(reply)).not.toContain("traceback");
    }
  });

  it("[C22] does not take an unreadable answer for a refusal", () => {
    for (const [status, body] of [
      [500, "500 Internal Server Error"],
      [413, "Maximum request body size 104857600 exceeded"],
      [400, "<html>Bad Request</html>"],
      [400, "{}"],
      [200, ""],
      [200, "{}"],
      [502, '{"error":{"type":"no_prompt"}}'],
    ] as const) {
      expect(parsePromptReply(status, body), body).toEqual({ type: "error", status });
    }
  });
});

describe("parseUploadReply", () => {
  it("[C24] goes by the name that the server chose", () => {
    const uploads = exchangesOf(loadCapture("24-upload-dedupe"), "POST", /^\/upload\/image$/).filter(
      (line) => line.status === 200,
    );
    const references = uploads.map((line) => {
      const reply = parseUploadReply(200, String(line.res));
      return reply.ok ? reply.value.reference : reply.error;
    });
    expect(references).toContain("a.png");
    expect(references).toContain("a (1).png");
    expect(references).toContain("sub/b.png");
  });

  it("[C24] says how a loader asks for a file that is not among the inputs", () => {
    expect(parseUploadReply(200, '{"name": "m.png", "subfolder": "s", "type": "temp"}')).toMatchObject({
      value: { reference: "s/m.png [temp]" },
    });
    expect(parseUploadReply(200, '{"name": ""}')).toEqual({ ok: false, error: "malformed" });
    expect(parseUploadReply(413, "Maximum")).toEqual({ ok: false, error: "bad_status" });
  });
});

describe("every reply parser", () => {
  const parsers: ((status: number, body: string) => unknown)[] = [
    parsePromptReply,
    parseUploadReply,
    parseCancelReply,
    parseQueueReply,
    parseJobReply,
    parseSystemStats,
    parseFeatures,
    parseObjectInfo,
    (status, body) => parseHistoryReply("p", status, body),
  ];

  it("[C2] never throws, whatever the status and the body", () => {
    const bodies = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .dictionary(
          fc.constantFrom(
            "p",
            "id",
            "status",
            "outputs",
            "queue_running",
            "queue_pending",
            "error",
            "node_errors",
            "system",
          ),
          fc.jsonValue(),
        )
        .map((value) => JSON.stringify({ ...value, p: value, prompt_id: "p", name: "n", id: "p", status: "failed" })),
    );
    fc.assert(
      fc.property(fc.constantFrom(...parsers), fc.constantFrom(200, 400, 404, 500), bodies, (parse, status, body) => {
        expect(typeof parse(status, body)).toBe("object");
      }),
      { numRuns: 1000 },
    );
  });

  it("[C2] never throws on a recorded reply with a piece replaced", () => {
    const lines = loadCaptures().flatMap((capture) =>
      exchangesOf(capture, "GET", /^\/(history|queue|api\/jobs|system_stats|object_info)/),
    );
    const bodies = lines.flatMap((line) => (typeof line.res === "string" && line.res.length > 2 ? [line.res] : []));
    const pieces = fc.constantFrom("null", "NaN", '"', "[]", "{}", "1", "", '"x"');
    fc.assert(
      fc.property(fc.nat(bodies.length - 1), fc.nat(), fc.nat(8), pieces, (index, at, length, piece) => {
        const body = bodies[index] ?? "";
        const start = at % body.length;
        const id = body.slice(2, 38);
        for (const parse of parsers) parse(200, body.slice(0, start) + piece + body.slice(start + length));
        expect(typeof parseHistoryReply(id, 200, body.slice(0, start) + piece + body.slice(start + length))).toBe(
          "object",
        );
      }),
      { numRuns: 300 },
    );
  });
});
