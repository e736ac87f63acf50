/** Reads a fault from the JSON of POST /fake/faults. */
import type { FakeFault } from "./faults.ts";
import { isObject, type Json, numberOf } from "./json.ts";

/** What a field holds; a question mark means that it may be absent. */
type FieldType = "a number" | "a string" | "a number?" | "a string?" | "call or upgrade?" | "JSON";

const COUNT = { count: "a number?" } as const;

/** The fields of each fault. */
const FAULT_FIELDS: { readonly [K in FakeFault["type"]]: Readonly<Record<string, FieldType>> } = {
  cut: {},
  silent: {},
  halfOpen: {},
  restart: { downMs: "a number" },
  kill: {},
  garbage: {},
  oddFrames: {},
  bigFrame: { bytes: "a number" },
  workerDeath: {},
  freeze: { ms: "a number" },
  stall: { ms: "a number" },
  deleteJob: { promptId: "a string?" },
  loseHistory: { promptId: "a string?" },
  interrupt: {},
  emit: { event: "a string", data: "JSON" },
  post500: COUNT,
  postDrop: COUNT,
  postDelay: { ms: "a number", ...COUNT },
  postTwice: COUNT,
  refuse: { status: "a number", on: "call or upgrade?", path: "a string?", method: "a string?", ...COUNT },
  view404: COUNT,
  viewTruncated: { afterBytes: "a number", ...COUNT },
  viewSlow: { chunkBytes: "a number", everyMs: "a number", ...COUNT },
  drop: { event: "a string?", ...COUNT },
  duplicate: { event: "a string?", ...COUNT },
  reorder: { event: "a string?", ...COUNT },
  nodeError: { nodeId: "a string?", message: "a string?", exceptionType: "a string?", ...COUNT },
  historyLate: { ms: "a number", ...COUNT },
  swallowInterrupt: COUNT,
};

const TRIGGER_FIELDS: Readonly<Record<string, Readonly<Record<string, FieldType>>>> = {
  now: {},
  atStep: { step: "a number" },
  atNode: { nodeId: "a string" },
  atEnd: {},
  onCall: { path: "a string", method: "a string?" },
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
    if (wanted.startsWith("a number") && number !== null && number >= 0) read[name] = number;
    else if (wanted.startsWith("a string") && typeof given === "string") read[name] = given;
    else if (wanted.startsWith("call") && (given === "call" || given === "upgrade")) read[name] = given;
    else if (wanted === "JSON" && given !== undefined) read[name] = given;
    else return `${what}: ${name} must be ${wanted.replace("?", "")}`;
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
