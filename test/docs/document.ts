/** The built OpenAPI document, and ways through it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isNode, type Node } from "../../scripts/docs/schemas.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const DOCUMENT_FILE = `${root}dist/public/openapi.json`;

/** The document as it is served. */
export const builtDocument = (): Node => JSON.parse(readFileSync(DOCUMENT_FILE, "utf8")) as Node;

/** Every schema in a part of the document, with the path to it. A ref is a leaf. */
export function schemasIn(value: unknown, path = "#"): [string, Node][] {
  if (Array.isArray(value)) return value.flatMap((one, index) => schemasIn(one, `${path}/${index}`));
  if (!isNode(value)) return [];
  const inner = Object.entries(value).flatMap(([key, one]) =>
    // Examples show values, not schemas.
    key === "example" || key === "examples" ? [] : schemasIn(one, `${path}/${key}`),
  );
  return [[path, value], ...inner];
}

/** Names of the components that a part of the document refers to, directly or through others. */
export function componentsOf(document: Node, part: unknown): Set<string> {
  const { schemas } = document.components as { schemas: Record<string, Node> };
  const found = new Set<string>();
  const gather = (from: unknown) => {
    for (const [, ref] of JSON.stringify(from).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (ref === undefined || found.has(ref)) continue;
      found.add(ref);
      gather(schemas[ref]);
    }
  };
  gather(part);
  return found;
}

/** Where `value` is not what the schema says: fields missing, or of another type. Unknown fields are no fault. */
export function misfits(document: Node, schema: Node, value: unknown, path = "$"): string[] {
  if (typeof schema.$ref === "string") {
    const { schemas } = document.components as { schemas: Record<string, Node> };
    return misfits(document, schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {}, value, path);
  }
  const types = schema.type === undefined ? [] : [schema.type].flat();
  const type = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  const fits =
    types.length === 0 ||
    types.includes(type) ||
    (type === "number" && types.includes("integer") && Number.isInteger(value));
  if (!fits) return [`${path}: ${type} instead of ${types.join(" or ")}`];
  if (schema.format === "date-time" && type === "string" && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(value))) {
    return [`${path}: no time in whole seconds: ${String(value)}`];
  }
  if (Array.isArray(value)) {
    return isNode(schema.items)
      ? value.flatMap((one, index) => misfits(document, schema.items as Node, one, `${path}[${index}]`))
      : [];
  }
  if (!isNode(value)) return [];
  const required = (schema.required ?? []) as string[];
  const missing = required.filter((key) => !(key in value)).map((key) => `${path}.${key}: missing`);
  const properties = (schema.properties ?? {}) as Record<string, Node>;
  const inner = Object.entries(properties).flatMap(([key, property]) =>
    key in value ? misfits(document, property, value[key], `${path}.${key}`) : [],
  );
  return [...missing, ...inner];
}
