import { describe, expect, it } from "vitest";
import { type Execution, parseHistoryReply, parseJobReply } from "../../../src/core/comfy/history.ts";
import { exchangesOf, loadCapture, loadCaptures } from "../../support/captures.ts";

/** The executions that this recording read back, one for each history reply that was not empty. */
function executions(name: string): Execution[] {
  return exchangesOf(loadCapture(name), "GET", /\/history\/[0-9a-f-]{36}$/).flatMap((line) => {
    const reply = parseHistoryReply(line.path.slice(-36), line.status ?? 0, String(line.res));
    return reply.ok && reply.value ? [reply.value] : [];
  });
}

const entry = (messages: unknown, status: Record<string, unknown> = {}) =>
  parseHistoryReply(
    "p",
    200,
    JSON.stringify({ p: { outputs: {}, status: { status_str: "success", completed: true, messages, ...status } } }),
  );

describe("parseHistoryReply", () => {
  it.each([
    ["01-txt2img-metadata", "success", 1],
    ["03-fully-cached", "success", 1],
    ["11-node-error", "error", 2],
    ["11b-node-error-in-sampler-graph", "error", 2],
    ["12-interrupt", "interrupted", 1],
    ["13-jobs-cancel", "interrupted", 1],
    ["15-save-image-websocket", "success", 2],
    ["18-socket-dropped-polling", "success", 2],
    ["32-history-at-success", "success", 3],
  ])("[C14] reaches the outcome that %s was recorded for: %s", (name, outcome, count) => {
    const found = executions(name);
    expect(found.map((execution) => execution.outcome)).toEqual(Array.from({ length: count }, () => outcome));
    for (const execution of found) {
      expect(execution.failure === null).toBe(outcome !== "error");
      expect(execution.endedAtMs ?? 0).toBeGreaterThanOrEqual(execution.startedAtMs ?? Number.POSITIVE_INFINITY);
    }
  });

  it("[C14] goes by the messages where the status says success of a run-time cycle", () => {
    const cycle = {
      exception_type: "graph.DependencyCycleError",
      exception_message: "Dependency cycle detected",
      node_id: "3",
      current_inputs: [],
    };
    const reply = entry([
      ["execution_start", { timestamp: 5 }],
      ["execution_error", { ...cycle, timestamp: 9 }],
    ]);
    expect(reply).toMatchObject({
      value: { outcome: "cycle", startedAtMs: 5, endedAtMs: 9, failure: { nodeId: "3", cycle: true } },
    });
  });

  it("[C14] puts an interruption before an error, and passes over blocked branches", () => {
    const error = ["execution_error", { exception_type: "RuntimeError" }];
    const blocked = ["execution_error", { exception_type: "ExecutionBlocked" }];
    expect(entry([error, ["execution_interrupted", {}]])).toMatchObject({
      value: { outcome: "interrupted", failure: null },
    });
    expect(entry([blocked, ["execution_success", {}]])).toMatchObject({ value: { outcome: "success", failure: null } });
    expect(entry([error, ["execution_success", {}]])).toMatchObject({ value: { outcome: "error" } });
  });

  it("[C14] is unknown without a terminal message, whatever the status says", () => {
    for (const messages of [[], null, "x", [["execution_start", {}]], [[5], null, {}]]) {
      expect(entry(messages), JSON.stringify(messages)).toMatchObject({ value: { outcome: "unknown" } });
    }
    expect(parseHistoryReply("p", 200, '{"p": {"status": null}}')).toMatchObject({ value: { outcome: "unknown" } });
  });

  it("[C15] gives no verdict on an empty reply, and an error for one that cannot be read", () => {
    expect(parseHistoryReply("p", 200, "{}")).toEqual({ ok: true, value: null });
    expect(parseHistoryReply("toString", 200, "{}")).toEqual({ ok: true, value: null });
    expect(parseHistoryReply("p", 200, '{"p": 1}')).toEqual({ ok: false, error: "malformed" });
    expect(parseHistoryReply("p", 200, "<html>")).toEqual({ ok: false, error: "malformed" });
    expect(parseHistoryReply("p", 503, "{}")).toEqual({ ok: false, error: "bad_status" });
  });

  it("[C15] is empty at the moment of execution_success and full at executing null", () => {
    const lines = exchangesOf(loadCapture("32-history-at-success"), "GET", /^\/history\//);
    const empty = lines.filter((line) => line.res === "{}").length;
    expect([empty, lines.length - empty]).toEqual([3, 3]);
  });

  it("[C16] keeps what finished before the failure, and the failure's words", () => {
    const [first, second] = executions("11-node-error");
    expect(first?.outputs).toMatchObject([{ nodeId: "2", kind: "file", folderType: "temp" }]);
    expect(first?.failure).toEqual({
      nodeId: "4",
      nodeType: "TestSyncError",
      message: "Intentional sync execution error for testing",
      exceptionType: "RuntimeError",
      executed: ["1", "2", "3"],
      blocked: false,
      outOfMemory: false,
      cycle: false,
    });
    expect(second?.cachedNodes).toEqual(["1", "2", "3"]);
  });

  it("names the visible node of each node with outputs", () => {
    const meta = { "2.0.1": { display_node: "2" }, "9": null };
    const body = JSON.stringify({ p: { outputs: { "2.0.1": { text: ["x"] } }, status: {}, meta } });
    expect(parseHistoryReply("p", 200, body)).toMatchObject({
      value: { displayNodes: { "2.0.1": "2" }, outputs: [{ nodeId: "2.0.1" }] },
    });
  });
});

describe("parseJobReply", () => {
  it("[C25] tells an unknown job from a server without the route", () => {
    expect(parseJobReply(404, '{"error": "Job not found"}')).toEqual({ ok: true, value: null });
    expect(parseJobReply(404, "")).toEqual({ ok: false, error: "bad_status" });
    expect(parseJobReply(500, "500 Internal Server Error")).toEqual({ ok: false, error: "bad_status" });
  });

  it("[C14] agrees with history about every finished prompt that was asked for both ways", () => {
    let compared = 0;
    for (const capture of loadCaptures()) {
      const histories = exchangesOf(capture, "GET", /^\/history\/[0-9a-f-]{36}$/);
      for (const line of exchangesOf(capture, "GET", /^\/api\/jobs\/[0-9a-f-]{36}$/)) {
        const job = parseJobReply(line.status ?? 0, String(line.res));
        const twin = histories.find((other) => other.path.slice(-36) === line.path.slice(-36) && other.res !== "{}");
        if (!job.ok || !job.value?.execution || !twin) continue;
        const history = parseHistoryReply(twin.path.slice(-36), twin.status ?? 0, String(twin.res));
        expect(job.value.execution).toEqual({ ...(history.ok && history.value), displayNodes: {} });
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(10);
  });

  it("has no execution before the job has ended", () => {
    const body = '{"id": "p", "status": "in_progress", "priority": 55, "outputs_count": 0}';
    expect(parseJobReply(200, body)).toEqual({
      ok: true,
      value: { promptId: "p", status: "in_progress", execution: null },
    });
  });
});
