import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseExact } from "../../../src/core/util/exact-json.ts";
import { MAX_GRAPH_PROBLEMS, parseGraph } from "../../../src/core/workflow/parse-graph.ts";
import { loadCaptures } from "../../support/captures.ts";

const node = (inputs: Record<string, unknown> = {}, classType = "ImageInvert") => ({ class_type: classType, inputs });

/** `code pointer` of each problem, or [] for an accepted graph. */
function faults(value: unknown): string[] {
  const parsed = parseGraph(value);
  return parsed.ok ? [] : parsed.error.map((problem) => `${problem.code} ${problem.pointer}`);
}

function firstDetail(value: unknown): string {
  const parsed = parseGraph(value);
  return parsed.ok ? "" : (parsed.error[0]?.detail ?? "");
}

describe("parseGraph on graphs a real ComfyUI was sent", () => {
  const graphs = loadCaptures().flatMap(({ name, meta }): [name: string, graph: object][] => {
    const workflow = (meta.workflow ?? {}) as Record<string, { class_type?: string }>;
    const isOne = Object.values(workflow).some((value) => value?.class_type !== undefined);
    return isOne ? [[name, workflow]] : Object.entries(workflow).map(([label, graph]) => [`${name}: ${label}`, graph]);
  });

  it("accepts all but those whose fault is one of form", () => {
    expect(graphs.length).toBeGreaterThan(60);
    const refused = graphs.flatMap(([name, graph]) => faults(graph).map((fault) => `${name} | ${fault}`));
    expect(refused).toEqual([
      "06-missing-input: link to a missing node | missing_node #/graph/3/inputs/model",
      "07-value-out-of-range: IMAGE linked where LATENT is wanted | dependency_cycle #/graph/3",
      "07-value-out-of-range: link with three elements | bad_link #/graph/3/inputs/model",
      "08-unknown-class: no class_type | missing_class_type #/graph/8/class_type",
      "09-no-outputs: empty graph | empty_graph #/graph",
      "09-no-outputs: no prompt key | not_a_graph #/graph",
      "09-no-outputs: static cycle | dependency_cycle #/graph/1",
    ]);
  });

  it("keeps classes, inputs and titles as they were", () => {
    for (const [, graph] of graphs) {
      const parsed = parseGraph(graph);
      if (parsed.ok) expect(parsed.value).toMatchObject(graph);
    }
  });
});

describe("parseGraph on other formats", () => {
  const editor = { last_node_id: 9, last_link_id: 9, nodes: [{ id: 3, type: "KSampler" }], links: [], version: 0.4 };

  it("tells an editor's save file from a graph and says how to export", () => {
    expect(faults(editor)).toEqual(["workflow_format_ui #/graph"]);
    expect(firstDetail(editor)).toContain("Export (API)");
    expect(firstDetail(editor)).toContain("Save (API Format)");
  });

  it.each([
    ["wrapped under workflow", { workflow: editor }],
    ["without the counters", { nodes: [], links: [] }],
    ["with only the counters", { last_node_id: 3 }],
  ])("tells it %s", (_, value) => expect(faults(value)).toEqual(["workflow_format_ui #/graph"]));

  it("refuses a /prompt body and names the member to send", () => {
    expect(faults({ prompt: { "1": node() }, client_id: "a" })).toEqual(["workflow_wrapped #/graph"]);
    expect(firstDetail({ prompt: { "1": node() } })).toContain('"prompt"');
  });

  it("does not take node ids for formats", () => {
    expect(faults({ prompt: node(), workflow: node(), nodes: node(), links: node() })).toEqual([]);
  });

  it.each([null, undefined, 5, "{}", [], true])("refuses %j", (value) => {
    expect(faults(value)).toEqual(["not_a_graph #/graph"]);
  });
});

describe("parseGraph on faults", () => {
  it.each<[string, unknown, string]>([
    ["a node that is no object", { "1": 5 }, "bad_node #/graph/1"],
    ["no class_type", { "1": { inputs: {} } }, "missing_class_type #/graph/1/class_type"],
    ["an empty class_type", { "1": { class_type: "", inputs: {} } }, "missing_class_type #/graph/1/class_type"],
    ["inputs in a list", { "1": { class_type: "A", inputs: [] } }, "bad_inputs #/graph/1/inputs"],
    ["inputs null", { "1": { class_type: "A", inputs: null } }, "bad_inputs #/graph/1/inputs"],
    ["a link to nowhere", { "12": node({ model: ["4", 0] }) }, "missing_node #/graph/12/inputs/model"],
    ["a link to an inherited name", { "1": node({ a: ["constructor", 0] }) }, "missing_node #/graph/1/inputs/a"],
    ["a negative slot", { "1": node({ a: ["2", -1] }), "2": node() }, "bad_slot #/graph/1/inputs/a"],
    ["half a slot", { "1": node({ a: ["2", 0.5] }), "2": node() }, "bad_slot #/graph/1/inputs/a"],
    ["a number as node id in a link", { "1": node({ a: [2, 0] }), "2": node() }, "bad_link #/graph/1/inputs/a"],
    ["a list of one", { "1": node({ a: ["2"] }), "2": node() }, "bad_link #/graph/1/inputs/a"],
    ["a list of two words", { "1": node({ a: ["x", "y"] }) }, "bad_link #/graph/1/inputs/a"],
    ["an empty list", { "1": node({ a: [] }) }, "bad_link #/graph/1/inputs/a"],
    ["an infinite number", { "1": node({ a: Number.POSITIVE_INFINITY }) }, "bad_value #/graph/1/inputs/a"],
    ["a function", { "1": node({ a: () => 1 }) }, "bad_value #/graph/1/inputs/a"],
    ["a node that reads itself", { "1": node({ a: ["1", 0] }) }, "dependency_cycle #/graph/1"],
    ["a control character in an id", { "a\u0000": node() }, "bad_node_id #/graph/a%00"],
    ["an empty id", { "": node() }, "bad_node_id #/graph/"],
    ["an input without a name", { "1": node({ "": 1 }) }, "bad_input_name #/graph/1/inputs/"],
  ])("%s", (_, value, fault) => expect(faults(value)).toEqual([fault]));

  it("names a list's way out", () => {
    expect(firstDetail({ "1": node({ points: [1, 2, 3] }) })).toContain('{"__value__": […]}');
    expect(faults({ "1": node({ points: { __value__: [1, 2, 3] } }) })).toEqual([]);
  });

  it("names the node id to write where a link has a number", () => {
    expect(firstDetail({ "1": node({ a: [2, 0] }), "2": node() })).toContain('["2", …]');
  });

  it("escapes what has a meaning in a pointer", () => {
    expect(faults({ "a/b~c d": 1 })).toEqual(["bad_node #/graph/a~1b~0c%20d"]);
  });

  it("says which nodes form a cycle, in the order of the links", () => {
    const ring = { "1": node({ a: ["2", 0] }), "2": node({ a: ["3", 0] }), "3": node({ a: ["1", 0] }) };
    expect(firstDetail(ring)).toContain('"1" (ImageInvert) → "2" (ImageInvert) → "3" (ImageInvert) → "1"');
  });

  it("does not take two ways to one node for a cycle", () => {
    const diamond = { "1": node(), "2": node({ a: ["1", 0] }), "3": node({ a: ["1", 0] }) };
    expect(faults({ ...diamond, "4": node({ a: ["2", 0], b: ["3", 0] }) })).toEqual([]);
  });

  it("reports several faults at once, and stops at the cap", () => {
    expect(faults({ "1": 1, "2": { inputs: {} } })).toHaveLength(2);
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${index}`, 1]));
    expect(faults(many)).toHaveLength(MAX_GRAPH_PROBLEMS);
    const manyInputs = { "1": node(Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`i${index}`, []]))) };
    expect(faults(manyInputs)).toHaveLength(MAX_GRAPH_PROBLEMS);
  });

  it("refuses more nodes than the limit", () => {
    const parsed = parseGraph({ "1": node(), "2": node(), "3": node() }, { maxNodes: 2 });
    expect(parsed).toMatchObject({ ok: false, error: [{ code: "too_many_nodes", detail: "At most 2 nodes, got 3." }] });
  });
});

describe("parseGraph on hostile input", () => {
  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "refuses %s as a node id and an input",
    (name) => {
      const asNode = parseExact(`{"${name}": {"class_type": "A", "inputs": {}}}`);
      const asInput = parseExact(`{"1": {"class_type": "A", "inputs": {"${name}": 1}}}`);
      expect(asNode.ok && faults(asNode.value)).toEqual([`bad_node_id #/graph/${name}`]);
      expect(asInput.ok && faults(asInput.value)).toEqual([`bad_input_name #/graph/1/inputs/${name}`]);
      expect(({} as Record<string, unknown>).class_type).toBeUndefined();
    },
  );

  it("refuses deep nesting, which would overflow whoever writes the graph out", () => {
    const deep = JSON.parse(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`);
    expect(faults({ "1": node({ a: deep }) })).toEqual(["bad_value #/graph/1/inputs/a"]);
  });

  it("walks a chain of the largest allowed length without recursion", () => {
    const chain = Array.from({ length: 2000 }, (_, i) => [`n${i}`, node(i === 0 ? {} : { a: [`n${i - 1}`, 0] })]);
    expect(faults(Object.fromEntries(chain.reverse()))).toEqual([]);
  });

  it("keeps long user text out of the answer", () => {
    const parsed = parseGraph({ ["x".repeat(100_000)]: node({ a: ["y".repeat(100_000), 0] }) });
    expect(JSON.stringify(parsed).length).toBeLessThan(1000);
  });

  it("never throws, whatever the value", () => {
    fc.assert(fc.property(fc.anything(), (value) => typeof parseGraph(value).ok === "boolean"));
  });

  it("never throws on what is almost a graph, and accepts only what keeps its promises", () => {
    const id = fc.constantFrom("1", "2", "3", "__proto__", "");
    const link = fc.tuple(id, fc.oneof(fc.integer({ min: -1, max: 2 }), fc.double()));
    const inputs = fc.dictionary(fc.string(), fc.oneof(link, fc.jsonValue(), fc.bigInt()), { maxKeys: 4 });
    const almostNode = fc.record(
      { class_type: fc.string(), inputs, _meta: fc.anything() },
      { requiredKeys: ["inputs"] },
    );
    const almostGraph = fc.dictionary(id, fc.oneof({ weight: 9, arbitrary: almostNode }, fc.anything()));
    fc.assert(
      fc.property(almostGraph, (value) => {
        const parsed = parseGraph(value);
        if (!parsed.ok)
          return parsed.error.length > 0 && parsed.error.every(({ pointer }) => pointer.startsWith("#/graph"));
        const again = parseGraph(parsed.value);
        expect(again).toEqual(parsed);
        return true;
      }),
      { numRuns: 500 },
    );
  });
});

describe("parseGraph on what ComfyUI would stumble over", () => {
  it("gives every node its inputs, because one without can kill the worker thread", () => {
    expect(parseGraph({ "1": { class_type: "A" } })).toEqual({
      ok: true,
      value: { "1": { class_type: "A", inputs: {} } },
    });
  });

  it("leaves out keys that ComfyUI does not read, and keeps the title", () => {
    const parsed = parseGraph({ "1": { ...node(), _meta: { title: "Flip", pos: [1, 2] }, is_changed: true } });
    expect(parsed.ok && parsed.value["1"]).toEqual({ ...node(), _meta: { title: "Flip" } });
  });
});
