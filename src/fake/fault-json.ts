/** Reads a fault from the JSON of POST /fake/faults. */
import type { FakeFault } from "./faults.ts";
import { isObject, type Json, numberOf } from "./json.ts";

type FieldType = "number" | "string" | "number?" | "string?" | "json";

const COUNT = { count: "number?" } as const;

/** The fields of each fault. */
const FAULT_FIELDS: { readonly [K in FakeFault["type"]]: Readonly<Record<string, FieldType>> } = {
  cut: {},
  silent: {},
  restart: { downMs: "number" },
  kill: {},
  garbage: {},
  oddFrames: {},
  bigFrame: { bytes: "number" },
  workerDeath: {},
  freeze: { ms: "number" },
  stall: { ms: "number" },
  deleteJob: { promptId: "string?" },
  interrupt: {},
  emit: { event: "string", data: "json" },
  post500: COUNT,
  postDrop: COUNT,
  postDelay: { ms: "number", ...COUNT },
  refuse: { status: "number", ...COUNT },
  view404: COUNT,
  viewTruncated: { afterBytes: "number", ...COUNT },
  viewSlow: { chunkBytes: "number", everyMs: "number", ...COUNT },
  drop: { event: "string?", ...COUNT },
  duplicate: { event: "string?", ...COUNT },
  nodeError: { nodeId: "string?", message: "string?", exceptionType: "string?", ...COUNT },
  historyLate: { ms: "number", ...COUNT },
  swallowInterrupt: COUNT,
};

const TRIGGER_FIELDS: Readonly<Record<string, Readonly<Record<string, FieldType>>>> = {
  now: {},
  atStep: { step: "number" },
  atNode: { nodeId: "string" },
  onCall: { path: "string", method: "string?" },
};

type Fields = { readonly [name: string]: unknown };

/** The fields of `value` that the table of its type names, or what is wrong. */
function readFields(value: Json, table: Readonly<Record<string, Readonly<Record<string, FieldType>>>>, what: string) {
  const type = isObject(value) ? value.type : undefined;
  const fields = typeof type === "string" && Object.hasOwn(table, type) ? table[type] : undefined;
  if (!isObject(value) || fields === undefined) return `${what}: type must be one of ${Object.keys(table).join(", ")}`;
  const read: Record<string, unknown> = { type };
  for (const [name, wanted] of Object.entries(fields)) {
    const given = value[name];
    if (given === undefined && wanted.endsWith("?")) continue;
    const number = numberOf(given);
    if (wanted.startsWith("number") && number !== null && number >= 0) read[name] = number;
    else if (wanted.startsWith("string") && typeof given === "string") read[name] = given;
    else if (wanted === "json" && given !== undefined) read[name] = given;
    else return `${what}: ${name} must be a ${wanted.replace("?", "")}`;
  }
  return read satisfies Fields;
}

/** The fault in `value`, or what is wrong with it. */
export function readFault(value: Json): FakeFault | string {
  const fault = readFields(value, FAULT_FIELDS, "fault");
  if (typeof fault === "string") return fault;
  if (isObject(value) && value.when !== undefined) {
    const when = readFields(value.when, TRIGGER_FIELDS, "when");
    if (typeof when === "string") return when;
    fault.when = when;
  }
  // The tables list exactly the fields of the union's members.
  return fault as unknown as FakeFault;
}
