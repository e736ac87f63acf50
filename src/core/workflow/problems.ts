/** What is wrong with a job's inputs, in words a developer can act on: zod's issues → one problem per fault. */
import type * as z from "zod";
import type { Param } from "./params.ts";
import { pointer, quote } from "./pointer.ts";
import { nearest } from "./suggest.ts";

export type InputProblemCode =
  | "too_big"
  | "too_small"
  | "too_long"
  | "required"
  | "wrong_type"
  | "unknown_parameter"
  | "not_a_choice"
  | "bad_format";

/** One fault: `pointer` is its place in the request (`#/inputs/steps`), `detail` a sentence ("At most 60, got 99."). */
export type InputProblem = { pointer: string; code: InputProblemCode; detail: string };

/** Longer requests of unknown parameters are cut here. */
const MAX_PROBLEMS = 50;
const MAX_OPTIONS_SHOWN = 12;
const MAX_NAME_SHOWN = 100;

/** The problems of `inputs`, given what zod found and the parameters the workflow has. */
export function inputProblems(
  issues: readonly z.core.$ZodIssue[],
  inputs: unknown,
  params: Record<string, Param>,
): InputProblem[] {
  return issues.flatMap((issue) => toProblems(issue, inputs, params)).slice(0, MAX_PROBLEMS);
}

function toProblems(issue: z.core.$ZodIssue, inputs: unknown, params: Record<string, Param>): InputProblem[] {
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(params);
    return issue.keys.slice(0, MAX_PROBLEMS).map((key) => ({
      pointer: pointer("inputs", key.slice(0, MAX_NAME_SHOWN)),
      code: "unknown_parameter",
      detail: `${unknownName(key, known)} This workflow takes ${known.join(", ") || "no parameters"}.`,
    }));
  }
  const name = String(issue.path[0] ?? "");
  const param = params[name];
  if (param === undefined) return [{ pointer: pointer("inputs"), code: "wrong_type", detail: "Must be an object." }];
  const place = pointer("inputs", name);
  const value = memberOf(inputs, name);
  if (value !== undefined || !("default" in param)) return [{ pointer: place, ...faultOf(issue, value, param) }];
  // Not the caller's fault, but only the caller is there to read it.
  const { code, detail } = faultOf(issue, param.default, param);
  return [{ pointer: place, code, detail: `The default set for this deployment is not valid. ${detail}` }];
}

function faultOf(issue: z.core.$ZodIssue, value: unknown, param: Param): { code: InputProblemCode; detail: string } {
  if (value === undefined) return { code: "required", detail: "Required." };
  switch (issue.code) {
    case "too_big":
      if (typeof value === "string") {
        return { code: "too_long", detail: `At most ${issue.maximum} characters, got ${value.length}.` };
      }
      return { code: "too_big", detail: `At most ${issue.maximum}, got ${shown(value)}.` };
    case "too_small":
      if (value === "") return { code: "required", detail: "Must not be empty." };
      if (typeof value === "string") {
        return { code: "too_small", detail: `At least ${issue.minimum} characters, got ${value.length}.` };
      }
      return { code: "too_small", detail: `At least ${issue.minimum}, got ${shown(value)}.` };
    case "not_multiple_of":
      return { code: "bad_format", detail: `Must be a multiple of ${issue.divisor}, got ${shown(value)}.` };
    case "invalid_value":
      if (typeof value !== "string") return wrongType(param, value);
      return { code: "not_a_choice", detail: notAChoice(value, issue.values.map(String)) };
    case "invalid_type":
      return wrongType(param, value);
    case "invalid_format":
      return {
        code: "bad_format",
        detail: `${quote(shown(value))} does not have the expected form: ${issue.message}.`,
      };
    default:
      return { code: "bad_format", detail: issue.message };
  }
}

const EXPECTED: Record<Param["type"], string> = {
  text: "a text",
  integer: "a whole number",
  number: "a number",
  seed: "a seed",
  choice: "a text",
  boolean: "true or false",
  image: "the id of an upload",
  model: "a text",
};

function wrongType(param: Param, value: unknown): { code: InputProblemCode; detail: string } {
  return { code: "wrong_type", detail: `Must be ${EXPECTED[param.type]}, got ${nameOfType(value)}.` };
}

/** A value as a sentence may have it: short, and never that of a list or an object, which may be huge, deep or have no text. */
function shown(value: unknown): string {
  return typeof value === "string" ? value : nameOfType(value);
}

function nameOfType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "boolean") return String(value);
  return typeof value === "string" ? `the text ${quote(value)}` : "an object";
}

function unknownName(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return `There is no parameter ${quote(key)}${meant === null ? "." : `: did you mean ${quote(meant)}?`}`;
}

function notAChoice(value: string, options: readonly string[]): string {
  const meant = nearest(value, options);
  const hint = meant === null ? "" : ` Did you mean ${quote(meant)}?`;
  const more = options.length > MAX_OPTIONS_SHOWN ? ` and ${options.length - MAX_OPTIONS_SHOWN} more` : "";
  return `${quote(value)} is not one of ${options.slice(0, MAX_OPTIONS_SHOWN).join(", ")}${more}.${hint}`;
}

function memberOf(inputs: unknown, name: string): unknown {
  if (typeof inputs !== "object" || inputs === null || !Object.hasOwn(inputs, name)) return undefined;
  return (inputs as Record<string, unknown>)[name];
}
