/** The built OpenAPI document, as tests walk through it: one entry per operation. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export type Operation = {
  method: string;
  path: string;
  operationId: string;
  /** The scope it asks for; null for public routes and for those that any credential opens. */
  scope: string | null;
  isPublic: boolean;
  /** The kinds of credential it takes. */
  kinds: string[];
  /** The example of its JSON body. */
  example: unknown;
  /** Codes of errors that it names, by status. */
  responses: Record<string, { description: string }>;
};

type RawOperation = {
  operationId: string;
  "x-scope"?: string;
  security?: Record<string, unknown>[];
  requestBody?: { content: Record<string, { example?: unknown }> };
  responses: Record<string, { description: string }>;
};

const file = fileURLToPath(new URL("../../dist/public/openapi.json", import.meta.url));

/** The document. */
export function openApiDocument() {
  return JSON.parse(readFileSync(file, "utf8")) as {
    openapi: string;
    paths: Record<string, Record<string, RawOperation>>;
    components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
  };
}

/** All operations. */
export function operations(): Operation[] {
  return Object.entries(openApiDocument().paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => ({
      method: method.toUpperCase(),
      path,
      operationId: raw.operationId,
      scope: raw["x-scope"] ?? null,
      isPublic: (raw.security ?? []).length === 0,
      kinds: (raw.security ?? []).flatMap((one) => Object.keys(one)),
      example: raw.requestBody?.content["application/json"]?.example,
      responses: raw.responses,
    })),
  );
}
