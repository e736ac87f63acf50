/** The OpenAPI document: complete, sound by a linter, and in a shape that code generators digest. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lint } from "../../scripts/docs/lint.ts";
import { operationsOf } from "../../scripts/docs/openapi.ts";
import { isNode, type Node } from "../../scripts/docs/schemas.ts";
import { ERRORS, type ErrorCode } from "../../src/contract/errors.ts";
import { MAIN_CALLS, TAGS } from "../../src/docs/introduction.ts";
import { builtDocument, componentsOf, DOCUMENT_FILE, misfits, schemasIn } from "./document.ts";

const document = builtDocument();
const operations = operationsOf(document);
const { schemas } = document.components as { schemas: Record<string, Node> };

/** Components of answers; those of requests are told apart because they may close their lists of words. */
const answers = operations.map(({ operation }) => operation.responses);
const answered = componentsOf(document, answers);
const answerSchemas = [
  ...[...answered].flatMap((name) => schemasIn(schemas[name], name)),
  ...schemasIn(answers, "answers"),
];

const jsonOf = (body: unknown): Node | null => {
  const content = isNode(body) && isNode(body.content) ? body.content["application/json"] : null;
  return isNode(content) ? content : null;
};

describe("the OpenAPI document", () => {
  it("[S8] passes the linter", () => {
    expect(lint(DOCUMENT_FILE)).toEqual([]);
  });

  it.each<[string, (operation: Node) => void]>([
    ["operation-operationId", (operation) => delete operation.operationId],
    ["operation-description", (operation) => delete operation.description],
    ["operation-has-a-curl", (operation) => delete operation["x-codeSamples"]],
    [
      "operation-4xx-response",
      (operation) => Object.assign(operation, { responses: { 200: { description: "Fine." } } }),
    ],
    [
      "json-has-an-example",
      ({ responses }) => {
        for (const answer of Object.values(responses as Node)) delete jsonOf(answer)?.example;
      },
    ],
    [
      "no-invalid-media-type-examples",
      ({ responses }) => {
        for (const answer of Object.values(responses as Node)) {
          const json = jsonOf(answer);
          if (json) json.example = { object: 1 };
        }
      },
    ],
  ])("[S8] would not pass the linter where it breaks %s", (rule, spoil) => {
    const spoiled = builtDocument();
    spoil((spoiled.paths as Record<string, Record<string, Node>>)["/v1/me"]?.get ?? {});
    const folder = mkdtempSync(join(tmpdir(), "easelcast-lint-"));
    try {
      writeFileSync(join(folder, "openapi.json"), JSON.stringify(spoiled));
      expect(lint(join(folder, "openapi.json")).join("\n")).toContain(rule);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("[S8] names, describes and shows every operation, with a curl of its own", () => {
    expect(operations.length).toBeGreaterThan(30);
    const ids = operations.map(({ operation }) => String(operation.operationId));
    expect(new Set(ids).size).toBe(ids.length);
    for (const { method, path, operation } of operations) {
      const name = `${method} ${path}`;
      expect(operation.operationId, name).toMatch(/^[a-z]+[A-Z]\w+$/);
      expect(Object.keys(TAGS), name).toContain((operation.tags as string[])[0]);
      const [sample] = operation["x-codeSamples"] as { source: string }[];
      expect(sample?.source, name).toMatch(/^curl .*"\$EASELCAST\//);
      const open = (operation.security as Node[]).length === 0;
      expect(sample?.source.includes("Authorization: Bearer $KEY"), name).toBe(!open);
    }
    for (const id of MAIN_CALLS) expect(ids).toContain(id);
  });

  it("[S8] has examples that are what their schemas say", () => {
    for (const { path, operation } of operations) {
      const bodies = [operation.requestBody, ...Object.values(operation.responses as Node)];
      for (const body of bodies) {
        const json = jsonOf(body);
        if (json) expect(misfits(document, json.schema as Node, json.example, path)).toEqual([]);
      }
    }
  });

  it("[S3] says of every error that it is a problem, and names codes of its status", () => {
    for (const { path, operation } of operations) {
      for (const [status, answer] of Object.entries(operation.responses as Record<string, Node>)) {
        const types = isNode(answer.content) ? Object.keys(answer.content) : [];
        if (Number(status) < 400 || !types.includes("application/problem+json")) continue;
        const codes = [...String(answer.description).matchAll(/`(\w+)`/g)].map(([, code]) => code as ErrorCode);
        expect(codes.length, path).toBeGreaterThan(0);
        for (const code of codes) expect(ERRORS[code].status, `${path} ${code}`).toBe(Number(status));
      }
    }
  });

  it("[S8] has no schema that is a union", () => {
    for (const [path, node] of schemasIn(schemas)) {
      expect([node.oneOf, node.anyOf, node.allOf, node.not], path).toEqual([
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
    }
    for (const [name, node] of Object.entries(schemas)) expect(node.type, name).toBe("object");
  });

  it("[S8] leaves the lists of words in answers open", () => {
    let words = 0;
    for (const [path, node] of answerSchemas) {
      expect([node.enum, node.const], path).toEqual([undefined, undefined]);
      if (node["x-extensible-enum"] !== undefined) words++;
    }
    expect(words).toBeGreaterThan(10);
  });

  it("[S8] has every field of an answer always there, and null in its types where it may be absent", () => {
    let nullable = 0;
    for (const [path, { properties, required = [], type, additionalProperties, default: fallback }] of answerSchemas) {
      expect([additionalProperties === false, fallback], path).toEqual([false, undefined]);
      if (Array.isArray(type) && type.includes("null")) nullable++;
      if (isNode(properties) && type !== undefined) {
        expect([...(required as string[])].sort(), path).toEqual(Object.keys(properties).sort());
      }
    }
    expect(nullable).toBeGreaterThan(30);
  });

  it("[S8] gives times in whole seconds and large numbers a format", () => {
    const all = answerSchemas.flatMap(([path, { properties }]) =>
      isNode(properties)
        ? Object.entries(properties).map(([key, node]) => [`${path}.${key}`, key, node as Node] as const)
        : [],
    );
    const formatOf = (suffix: RegExp) =>
      new Set(all.filter(([, key]) => suffix.test(key)).map(([path, , { format }]) => `${format ?? path}`));
    expect(formatOf(/_at$|^start_by$|^finish_by$|^server_time$/)).toEqual(new Set(["date-time"]));
    expect(formatOf(/_bytes$|^seq$/)).toEqual(new Set(["int64"]));
  });
});
