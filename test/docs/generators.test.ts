/** Clients are generated from the document, compile, and talk to the running Worker; models for phones are generated too. */
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { InputData, JSONSchemaInput, JSONSchemaStore, quicktype } from "quicktype-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node } from "../../scripts/docs/schemas.ts";
import { startWorker, type TestWorker } from "../support/worker.ts";
import { builtDocument } from "./document.ts";
import { compile, GENERATORS, generated, run } from "./generated-clients.ts";

let worker: TestWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.close());

describe.each(GENERATORS)("a client made by $name", (generator) => {
  let folder: string;
  beforeAll(async () => {
    folder = await generated(generator);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("[S8] compiles under strict settings, and creates, reads and lists jobs of the running Worker", async () => {
    expect(compile(folder)).toBe("");
    const { created, read, listed, missing } = await run(folder, worker.url, worker.key);
    expect((await worker.getJob(created)).metadata).toEqual({ made: `by ${generator.name}` });
    expect(read).toBe("succeeded");
    expect(listed).toContain(created);
    expect(missing).toBe("not_found");
  });

  it("[S8] is typed: a mistake about a field does not compile", () => {
    appendFileSync(join(folder, "program.ts"), generator.mistake);
    expect(compile(folder)).toContain("TS2322");
  });
});

/** The document as quicktype asks for it. */
class DocumentStore extends JSONSchemaStore {
  readonly #document: Node;
  constructor(document: Node) {
    super();
    this.#document = document;
  }
  override async fetch(): Promise<never> {
    return this.#document as never;
  }
}

async function models(lang: "swift" | "kotlin", rendererOptions: Record<string, string>): Promise<string> {
  const document = builtDocument();
  const input = new JSONSchemaInput(new DocumentStore(document));
  const { schemas } = document.components as { schemas: Record<string, Node> };
  for (const name of Object.keys(schemas)) {
    await input.addSource({ name, uris: [`openapi.json#/components/schemas/${name}`] });
  }
  const inputData = new InputData();
  inputData.addInput(input);
  return (await quicktype({ inputData, lang, rendererOptions })).lines.join("\n");
}

/** The text of one type. */
const typeOf = (source: string, opening: string, end: RegExp) =>
  source.slice(source.indexOf(opening)).split(end)[0] ?? "";

describe("models for phones", () => {
  it("[S8] Swift: times are dates, absent values optional, words open", async () => {
    const job = typeOf(await models("swift", {}), "struct Job: Codable", /CodingKeys/);
    expect(job).toContain("let createdAt: Date\n");
    expect(job).toContain("let finishedAt: Date?");
    expect(job).toContain("let status: String\n");
    expect(job).toContain("let seed: String?");
    expect(job).toMatch(/let preview: \w*Preview\?/);
    expect(job).toMatch(/let outputs: \[\w+\]/);
    expect(job).toContain("let metadata: [String: String]");
    expect(job).not.toMatch(/^\s*let \w+: JSONAny/m);
  });

  it("[S8] Kotlin: times are times, absent values nullable, words open, large numbers long", async () => {
    const source = await models("kotlin", { framework: "kotlinx" });
    const job = typeOf(source, "data class Job (", /^\)/m);
    expect(job).toContain("val createdAt: OffsetDateTime,");
    expect(job).toContain("val finishedAt: OffsetDateTime? = null");
    expect(job).toContain("val status: String,");
    expect(job).toMatch(/val error: \w*JobError\? = null/);
    expect(typeOf(source, "data class Output (", /^\)/m)).toContain("val sizeBytes: Long");
    expect(job).not.toContain("JsonElement");
  });
});
