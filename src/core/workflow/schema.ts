/**
 * A workflow's parameters as a zod schema, and the same as JSON Schema with `ui` hints for a form. Strict: a misspelt
 * parameter is an error, never silently ignored. The words for a failure are in problems.ts.
 */
import * as z from "zod";
import { UploadIdSchema } from "../../contract/ids.ts";
import { assertNever } from "../util/assert.ts";
import type { WorkflowDefinition } from "./define.ts";
import type { Param, ParamValue } from "./params.ts";
import { MAX_SEED } from "./seeds.ts";

/** What a caller writes for "draw one for me"; also the value of a seed that is not given. */
export const RANDOM_SEED = "random";

/**
 * A model file's name as ComfyUI lists it, subfolders included. Absolute paths and `..` are refused here although
 * ComfyUI takes only names it lists: the name also goes into messages and keys.
 */
const MODEL_NAME = /^(?![/\\])(?!.*\.\.)[^\p{Cc}]{1,255}$/u;

type InputsSchema = z.ZodType<Record<string, ParamValue>>;

/** Made once for each workflow: making one takes half a millisecond, and every create needs it. */
const made = new WeakMap<WorkflowDefinition, InputsSchema>();
const described = new WeakMap<WorkflowDefinition, Record<string, unknown>>();

/** Parses inputs to one value per parameter: a seed to `bigint` or `RANDOM_SEED`, the rest to what was sent. */
export function inputsSchema(workflow: WorkflowDefinition): InputsSchema {
  const schema = made.get(workflow) ?? newSchema(workflow);
  made.set(workflow, schema);
  return schema;
}

/** The JSON Schema (2020-12) of the inputs, each with `title`, `description` and `ui: {widget, order, unit?}`. Not to be changed. */
export function inputsJsonSchema(workflow: WorkflowDefinition): Record<string, unknown> {
  const schema =
    described.get(workflow) ?? z.toJSONSchema(inputsSchema(workflow), { target: "draft-2020-12", io: "input" });
  described.set(workflow, schema);
  return schema;
}

function newSchema(workflow: WorkflowDefinition): InputsSchema {
  const entries = Object.entries(workflow.params).map(([name, param], index) => {
    const ui = {
      widget: param.widget ?? WIDGETS[param.type],
      order: index,
      ...(param.unit ? { unit: param.unit } : {}),
    };
    const description = param.description ? { description: param.description } : {};
    return [
      name,
      paramSchema(param).meta({ title: param.label, ...description, ...SEED_META[param.type], ui }),
    ] as const;
  });
  return z.strictObject(Object.fromEntries(entries));
}

const WIDGETS: Record<Param["type"], string> = {
  text: "textarea",
  integer: "slider",
  number: "slider",
  seed: "seed",
  choice: "select",
  boolean: "toggle",
  image: "image",
  model: "text",
};

/** zod cannot derive a schema from the function that reads seeds. */
const SEED_META: Partial<Record<Param["type"], object>> = {
  seed: {
    type: ["string", "integer"],
    pattern: "^(random|[0-9]{1,20})$",
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
  },
};

function paramSchema(param: Param): z.ZodType<ParamValue> {
  switch (param.type) {
    case "text":
      return withDefault(
        z
          .string()
          .min(param.minLength ?? 0)
          .max(param.maxLength)
          .refine((text) => text.isWellFormed(), { error: "Holds half of a surrogate pair: not valid Unicode." }),
        param.default,
      );
    case "integer":
      return withDefault(stepped(z.int().min(param.min).max(param.max), param.step), param.default);
    case "number":
      return withDefault(stepped(z.number().min(param.min).max(param.max), param.step), param.default);
    case "seed":
      return z.unknown().transform(readSeed).prefault(RANDOM_SEED);
    case "choice":
      return withDefault(z.enum(param.options), param.default);
    case "boolean":
      return withDefault(z.boolean(), param.default);
    case "image":
      return UploadIdSchema;
    case "model":
      return withDefault(
        z.string().regex(MODEL_NAME, "must be a model file's name as ComfyUI lists it"),
        param.default,
      );
    default:
      return assertNever(param);
  }
}

function stepped(schema: z.ZodNumber, step: number | undefined): z.ZodNumber {
  return step === undefined ? schema : schema.multipleOf(step);
}

/** A default goes through the schema like a caller's value, because the owner may have changed it. */
function withDefault<T extends ParamValue>(schema: z.ZodType<T, T>, value: T | undefined): z.ZodType<T> {
  return value === undefined ? schema : schema.prefault(value as z.util.NoUndefined<T>);
}

/**
 * A seed as `RANDOM_SEED`, a decimal string, or a number. A number beyond 2^53-1 has already lost its last digits when
 * JSON was parsed, so it is refused rather than replaced by a neighbour; as `bigint` (`parseExact`) it is exact.
 */
function readSeed(value: unknown, context: z.core.ParsePayload): bigint | typeof RANDOM_SEED {
  if (value === RANDOM_SEED) return RANDOM_SEED;
  const seed = toInteger(value);
  if (seed !== null && seed >= 0n && seed <= MAX_SEED) return seed;
  const isLong = typeof value === "number" && Number.isInteger(value) && value > Number.MAX_SAFE_INTEGER;
  const error = isLong
    ? `JSON numbers above ${Number.MAX_SAFE_INTEGER} lose digits: send this seed as a string.`
    : `Must be "${RANDOM_SEED}" or a whole number from 0 to ${MAX_SEED}.`;
  context.issues.push({ code: "custom", message: error, input: value });
  return RANDOM_SEED;
}

function toInteger(value: unknown): bigint | null {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : null;
  return typeof value === "string" && /^[0-9]{1,20}$/.test(value) ? BigInt(value) : null;
}
