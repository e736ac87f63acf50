/**
 * The kinds of parameter a workflow can have, and the slots they may be bound to. A binding is a declared pair of node
 * id and input name, typed against the imported graph: a node or input that is not there, a link, or a literal of
 * another type does not compile. Because bindings are declared, they can be listed, documented and shown as a form.
 */
import type { ApiGraph, Slot } from "./graph.ts";

/** What a graph can hold as a literal. */
export type Literal = string | number | boolean;

/** The slots of graph `G` whose literal is a `V`. A graph whose ids are not known at compile time has any slot. */
export type SlotOf<G, V> = string extends keyof G
  ? Slot
  : {
      [N in keyof G & string]: G[N] extends { inputs: infer I }
        ? { [K in keyof I & string]: I[K] extends V ? readonly [N, K] : never }[keyof I & string]
        : never;
    }[keyof G & string];

/** A slot that takes the parameter's value as it is, or one that takes what a pure function makes of it. */
export type Binding<G, Value, V extends Literal> =
  | SlotOf<G, V>
  | { slot: SlotOf<G, Literal>; from: (value: Value) => Literal };

/** How a parameter presents itself to a person. `widget` overrides the form's choice for its kind. */
type Hints = { label: string; description?: string; widget?: string; unit?: string };

type Numeric = { min: number; max: number; step?: number; default?: number };

/**
 * One parameter of a workflow over graph `G`. Without a `default` the caller must give it; a seed that is not given is
 * drawn. The values that bindings get: text, choice, model: string; integer, number: number; seed: bigint; image: the
 * upload's id, to be replaced by the file's name on the backend.
 */
export type Param<G = ApiGraph> = Hints &
  (
    | { type: "text"; minLength?: number; maxLength: number; default?: string; slots: Bindings<G, string, string> }
    | ({ type: "integer"; slots: Bindings<G, number, number> } & Numeric)
    | ({ type: "number"; slots: Bindings<G, number, number> } & Numeric)
    | { type: "seed"; slots: Bindings<G, bigint, number> }
    | { type: "choice"; options: readonly string[]; default?: string; slots: Bindings<G, string, string> }
    | { type: "boolean"; default?: boolean; slots: Bindings<G, boolean, boolean> }
    | { type: "image"; slots: readonly SlotOf<G, string>[] }
    | { type: "model"; default?: string; slots: Bindings<G, string, string> }
  );

type Bindings<G, Value, V extends Literal> = readonly Binding<G, Value, V>[];

/** A parameter's value after parsing. */
export type ParamValue = string | number | boolean | bigint;

/** The slots a parameter sets, with the literal each gets. */
export function literalsOf(param: Param, value: ParamValue): (readonly [slot: Slot, literal: Literal | bigint])[] {
  // The pairing of kind and value type is the schema's promise; the union of bindings cannot express it.
  const bindings = param.slots as readonly Binding<ApiGraph, ParamValue, Literal>[];
  return bindings.map((binding) =>
    "slot" in binding ? ([binding.slot, binding.from(value)] as const) : ([binding, value] as const),
  );
}
