/**
 * Schemas of the OpenAPI document: zod's own JSON Schema, brought into the shape that code generators digest. Null is a member of
 * a type list and never of a union, lists of words in answers are open, times and large numbers have a format. What is
 * sent and what is answered are told apart: a field with a default may be left out of a request and is always in an answer.
 */

export type Node = { [key: string]: unknown };
/** `input`: a request. `output`: an answer. */
export type Direction = "input" | "output";

/** The part of zod that is used: the zod that made the schemas comes in one bundle with them. */
export type Zod = {
  toJSONSchema(schema: object, params: object): Node;
  globalRegistry: { get(schema: object): { id?: string } | undefined };
};

const COMPONENTS = "#/components/schemas/";
/** Refs that are not yet known by their final name. */
const OPEN_REF = /^(input|output):(.+)$/;
/** Fields that outgrow 32 bits. */
const LARGE = /(_bytes|_ms|_bytes_per_day)$|^seq$/;
const TIMES = /(_at|^start_by|^finish_by|^server_time)$/;

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Gathers the schemas of a document; those that have a name (`.meta({ id })`) become components. */
export class SchemaBook {
  readonly #zod: Zod;
  readonly #named: Record<Direction, Record<string, Node>>;

  constructor(zod: Zod) {
    this.#zod = zod;
    const all = (io: Direction) => zod.toJSONSchema(zod.globalRegistry, { io, unrepresentable: "any" });
    this.#named = {
      input: all("input").schemas as Record<string, Node>,
      output: all("output").schemas as Record<string, Node>,
    };
  }

  /** A zod schema, or one that is written out already; its refs are open until `closeRefs`. */
  schemaOf(schema: object, io: Direction): Node {
    if (!("_zod" in schema)) return { ...schema };
    const id = this.#zod.globalRegistry.get(schema)?.id;
    if (id !== undefined) return { $ref: `${io}:${id}` };
    return this.#tidy(this.#zod.toJSONSchema(schema, { io, unrepresentable: "any" }), io, null);
  }

  /** The document with its refs closed and its components added. A name that means two things gets `Input` for requests. */
  closeRefs(document: Node): Node {
    const found = new Map<string, Node>();
    const gather = (value: unknown): void => {
      if (Array.isArray(value)) return value.forEach(gather);
      if (!isNode(value)) return;
      const ref = value.$ref;
      if (typeof ref === "string" && OPEN_REF.test(ref) && !found.has(ref)) {
        const component = this.#component(ref);
        found.set(ref, component);
        gather(component);
      }
      Object.values(value).forEach(gather);
    };
    gather(document);
    const nameOf = (ref: string) => {
      const [, io, id = ""] = OPEN_REF.exec(ref) ?? [];
      const other = found.get(`output:${id}`);
      const differs = io === "input" && other && JSON.stringify(other) !== JSON.stringify(found.get(ref));
      return differs ? `${id}Input` : id;
    };
    const closed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(closed);
      if (!isNode(value)) return value;
      const entries = Object.entries(value).map(([key, inner]) => [
        key,
        key === "$ref" && typeof inner === "string" && OPEN_REF.test(inner)
          ? COMPONENTS + nameOf(inner)
          : closed(inner),
      ]);
      return Object.fromEntries(entries);
    };
    const named = [...found].map(([ref, node]): [string, unknown] => [nameOf(ref), closed(node)]);
    const schemas = Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
    const { components, ...rest } = closed(document) as Node;
    return { ...rest, components: { ...(components as Node | undefined), schemas } };
  }

  #component(ref: string): Node {
    const [, io, id = ""] = OPEN_REF.exec(ref) ?? [];
    const direction: Direction = io === "input" ? "input" : "output";
    const node = this.#named[direction][id];
    if (!node) throw new Error(`There is no schema of the name ${id}.`);
    return this.#tidy(node, direction, null);
  }

  #tidy(node: Node, io: Direction, name: string | null): Node {
    const { $schema, $id, $defs, id, $ref, anyOf, propertyNames, properties, items, example, ...rest } = node;
    if (example !== undefined) rest.examples ??= [example];
    if (io === "output") delete rest.default;
    if (typeof $ref === "string") return { $ref: `${io}:${$ref.split("/").at(-1)}`, ...rest };
    const members = Array.isArray(anyOf) ? anyOf.filter(isNode) : [];
    const [one, ...others] = members.filter((member) => member.type !== "null");
    if (one && others.length === 0) return this.#orNull(this.#tidy(one, io, name), rest);
    if (members.length > 0) throw new Error(`${name ?? "A schema"} is a union, which code generators do not digest.`);
    if (isNode(properties)) {
      const tidied = Object.entries(properties).map(([key, inner]) => [key, this.#tidy(inner as Node, io, key)]);
      rest.properties = Object.fromEntries(tidied);
    }
    if (isNode(items)) rest.items = this.#tidy(items, io, null);
    const { additionalProperties } = rest;
    if (isNode(additionalProperties)) rest.additionalProperties = this.#tidy(additionalProperties, io, null);
    // Answers may gain fields; a reader that refuses unknown ones would break.
    else if (io === "output") delete rest.additionalProperties;
    return scalar(rest, io, name);
  }

  /** What may be null. A named schema is written out here, because many generators lose the null beside a `$ref`. */
  #orNull(inner: Node, rest: Node): Node {
    const { $ref, ...own } = inner;
    const node = typeof $ref === "string" ? { ...this.#component($ref), title: OPEN_REF.exec($ref)?.[2], ...own } : own;
    const values = (node as Node).enum;
    return {
      ...node,
      ...(Array.isArray(values) ? { enum: [...values, null] } : {}),
      ...rest,
      type: [(node as Node).type, "null"],
    };
  }
}

/** A single value: formats by the field's name, words of answers left open. */
function scalar(node: Node, io: Direction, name: string | null): Node {
  const { const: only, enum: several, ...rest } = node;
  const values = Array.isArray(several) ? several : only === undefined ? null : [only];
  const types = [rest.type].flat();
  if (types.includes("integer")) {
    if (rest.minimum === Number.MIN_SAFE_INTEGER) delete rest.minimum;
    if (rest.maximum === Number.MAX_SAFE_INTEGER) delete rest.maximum;
    if (name !== null && LARGE.test(name)) rest.format = "int64";
  }
  if (types.includes("string") && name !== null && TIMES.test(name)) rest.format = "date-time";
  if (values === null) return rest;
  if (io === "input") return { ...rest, enum: values };
  if (!types.includes("string")) return rest;
  return { ...rest, examples: rest.examples ?? [values[0]], "x-extensible-enum": values };
}
