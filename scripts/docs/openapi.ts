/**
 * The OpenAPI document, made from the routes. Their descriptions are completed here by what can be derived: the scope in
 * words, headers of errors, a curl for each operation.
 */
import { INTRODUCTION, PARAMETERS, SECURITY_SCHEMES, SUMMARY, TAGS, TITLE } from "../../src/docs/introduction.ts";
import { curlOf } from "./curl.ts";
import { type Direction, isNode, type Node, SchemaBook, type Zod } from "./schemas.ts";
import { webhooksOf } from "./webhooks.ts";

type Content = Record<string, { schema?: object; example?: unknown }>;
type Answer = { description?: string; headers?: Node; content?: Content };

/** A route as it is mounted (src/worker/api/route.ts). */
export type MountedRoute = {
  method: string;
  path: string;
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security: Node[];
  "x-scope"?: string;
  request?: {
    params?: object;
    query?: object;
    headers?: object;
    body?: { description?: string; required?: boolean; content: Content };
  };
  responses: Record<string, Answer>;
};

const RETRY_AFTER = { description: "Seconds to wait before the next try.", schema: { type: "integer" } };
const CHALLENGE = { description: "What is wrong with the credential (RFC 6750).", schema: { type: "string" } };

/** The document (OpenAPI 3.1) of these routes. */
export function makeDocument(routes: readonly MountedRoute[], zod: Zod, version: string): Node {
  const book = new SchemaBook(zod);
  const paths: Record<string, Node> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    Object.assign(paths[route.path] as Node, { [route.method]: operationOf(route, book) });
  }
  return book.closeRefs({
    openapi: "3.1.0",
    info: {
      title: TITLE,
      summary: SUMMARY,
      version,
      description: INTRODUCTION,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "The deployment that serves this document." }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks: webhooksOf(),
    components: { securitySchemes: SECURITY_SCHEMES },
  });
}

function operationOf(route: MountedRoute, book: SchemaBook): Node {
  const { operationId, tags, summary, description, security, request, responses } = route;
  const scope = route["x-scope"];
  const parameters = [
    ...parametersOf(request?.params, "path", book),
    ...parametersOf(request?.query, "query", book),
    ...parametersOf(request?.headers, "header", book),
  ];
  const needs =
    scope === undefined ? (security.length > 0 ? "Any credential will do." : "") : `Needs the scope \`${scope}\`.`;
  const operation: Node = {
    operationId,
    tags,
    summary,
    description: [description ?? `${summary}.`, needs].filter(Boolean).join("\n\n"),
    security,
    ...(scope === undefined ? {} : { "x-scope": scope }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(request?.body
      ? { requestBody: { ...request.body, content: contentOf(request.body.content, "input", book) } }
      : {}),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, answer]) => [status, answerOf(status, answer, book)]),
    ),
  };
  const source = curlOf(route.method, route.path, operation);
  return { ...operation, "x-codeSamples": [{ lang: "Shell", label: "curl", source }] };
}

function parametersOf(schema: object | undefined, place: "path" | "query" | "header", book: SchemaBook): Node[] {
  if (!schema) return [];
  const { properties, required } = book.schemaOf(schema, "input");
  return Object.entries(properties as Record<string, Node>).map(([key, property]) => {
    const { description, examples, ...rest } = property;
    const name = place === "header" ? key.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()) : key;
    const [example] = Array.isArray(examples) ? examples : [PARAMETERS[key]?.example];
    return {
      name,
      in: place,
      required: place === "path" || (Array.isArray(required) && required.includes(key)),
      description: description ?? PARAMETERS[key]?.description,
      schema: rest,
      ...(example === undefined ? {} : { example }),
    };
  });
}

function answerOf(status: string, answer: Answer, book: SchemaBook): Node {
  const headers: Node = { ...answer.headers };
  if (status === "401") headers["WWW-Authenticate"] = CHALLENGE;
  if (status === "429" || status === "503") headers["Retry-After"] = RETRY_AFTER;
  return {
    ...answer,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(answer.content ? { content: contentOf(answer.content, "output", book) } : {}),
  };
}

/** Generators that take only one content type take the first: forms stand before raw bytes, which not all can send. */
function contentOf(content: Content, io: Direction, book: SchemaBook): Node {
  const entries = Object.entries(content).map(([type, { schema, ...rest }]): [string, Node] => [
    type,
    { ...(schema ? { schema: book.schemaOf(schema, io) } : {}), ...rest },
  ]);
  const rank = ([type]: [string, Node]) => Number(!type.startsWith("multipart/"));
  return Object.fromEntries(entries.sort((a, b) => rank(a) - rank(b)));
}

/** Every operation of a document, with its method and path. */
export function operationsOf(document: Node): { method: string; path: string; operation: Node }[] {
  return Object.entries(document.paths as Record<string, Node>).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) => (isNode(operation) ? [{ method, path, operation }] : [])),
  );
}
