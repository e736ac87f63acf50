/** A page for every error code: built whole, and served as a static file for people and as Markdown. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DOCUMENTED_CODES, errorPages } from "../../scripts/docs/error-pages.ts";
import { escaped, prose } from "../../scripts/docs/markup.ts";
import { type Host, startHost } from "../../scripts/local/host.ts";
import { ERROR_CODES, ERRORS, type ErrorCode } from "../../src/contract/errors.ts";
import { JOB_ERROR_CODES } from "../../src/contract/job.ts";
import { ERROR_DOCS, JOB_ERROR_DOCS } from "../../src/docs/errors.ts";
import { root } from "./document.ts";

const pages = errorPages();
const docs = [...Object.entries(ERROR_DOCS), ...Object.entries(JOB_ERROR_DOCS)];

describe("the pages of errors", () => {
  it("[S7] are there for every code of answers and of jobs, in both forms", () => {
    expect(new Set(DOCUMENTED_CODES)).toEqual(new Set([...ERROR_CODES, ...JOB_ERROR_CODES]));
    const expected = DOCUMENTED_CODES.flatMap((code) => [`errors/${code}.html`, `errors/${code}.md`]);
    expect(new Set(pages.keys())).toEqual(new Set(["errors.html", "errors.md", ...expected]));
  });

  it.each(docs)("[S7] say cause, fix and an example: %s", (code, { cause, fix, example }) => {
    for (const text of [cause, fix]) expect(text).toMatch(/^[A-Z`].{20,}[.…)]$/su);
    expect(cause).not.toBe(fix);
    expect(example.length).toBeGreaterThan(10);
    const html = pages.get(`errors/${code}.html`) ?? "";
    const markdown = pages.get(`errors/${code}.md`) ?? "";
    for (const text of [cause, fix]) {
      expect(html).toContain(prose(text));
      expect(markdown).toContain(text);
    }
    expect(html).toContain(escaped(example));
    expect(markdown).toContain(example);
  });

  it("[S7] say of codes that are only kept for later that no answer gives them", () => {
    for (const code of ERROR_CODES) {
      const markdown = pages.get(`errors/${code}.md`) ?? "";
      const [answer = ""] = markdown.split("## As the end of a job");
      expect(answer.includes("Reserved: this version never gives it."), code).toBe(ERRORS[code].reserved === true);
    }
  });

  it("[S7] show what is sent, with nothing that a browser would take for markup", () => {
    for (const [path, content] of pages) {
      if (!path.endsWith(".html")) continue;
      expect(content.match(/<script|<img|<iframe|\son\w+=|javascript:/gi), path).toBeNull();
      expect(content, path).not.toMatch(/\ssrc=|url\(/);
      for (const [, address] of content.matchAll(/href="([^"]*)"/g)) expect(address, path).toMatch(/^(\/|data:,$)/);
    }
  });

  it("[S7] are listed on one page, each under its status", () => {
    const index = pages.get("errors.md") ?? "";
    for (const code of DOCUMENTED_CODES) expect(index).toContain(`](/errors/${code}.md)`);
    const section = (code: ErrorCode) =>
      index
        .slice(0, index.indexOf(`[\`${code}\`]`))
        .split("## ")
        .at(-1);
    for (const code of ERROR_CODES) expect(section(code), code).toMatch(new RegExp(`^${ERRORS[code].status} `));
  });
});

describe("the static files", () => {
  let host: Host;
  beforeAll(async () => {
    // Without a sound configuration: the pages that say what to do must be there above all then.
    host = await startHost({ vars: { SIGNING_SECRET: "", SECRET_KEY_HASHES: "" } });
  });
  afterAll(() => host.dispose());
  const get = (path: string) => fetch(host.url + path, { redirect: "manual" });

  it("[S7] each code's page is served at the address that errors name", async () => {
    for (const code of DOCUMENTED_CODES) {
      const page = await get(`/errors/${code}`);
      expect(page.status, code).toBe(200);
      expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(await page.text()).toBe(pages.get(`errors/${code}.html`));
    }
  });

  it("[S7] each page is also Markdown", async () => {
    for (const path of ["/errors/not_found.md", "/errors/out_of_memory.md", "/errors.md"]) {
      const page = await get(path);
      expect(page.status, path).toBe(200);
      expect(page.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
      expect(await page.text()).toBe(pages.get(path.slice(1)));
    }
  });

  it("[S7] the list is at /errors, and the pages run no script", async () => {
    const index = await get("/errors");
    expect(index.status).toBe(200);
    expect(await index.text()).toContain("<h1>Errors</h1>");
    for (const page of [index, await get("/errors/not_found")]) {
      expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'self'/);
      expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  it("[S3] a code that does not exist has no page", async () => {
    const answer = await get("/errors/no_such_code");
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.status).toBeGreaterThanOrEqual(404);
  });

  it("[S8] the document, its reference and the texts for programs are served", async () => {
    const types: [string, string][] = [
      ["/openapi.json", "application/json"],
      ["/docs", "text/html; charset=utf-8"],
      ["/docs/scalar.js", "text/javascript; charset=utf-8"],
      ["/llms.txt", "text/plain; charset=utf-8"],
      ["/llms-full.txt", "text/plain; charset=utf-8"],
    ];
    for (const [path, type] of types) {
      const file = await get(path);
      expect(file.status, path).toBe(200);
      expect(file.headers.get("content-type"), path).toBe(type);
      await file.arrayBuffer();
    }
    const document = await get("/openapi.json");
    expect(document.headers.get("access-control-allow-origin")).toBe("*");
    expect(await document.text()).toBe(readFileSync(`${root}dist/public/openapi.json`, "utf8"));
  });
});
