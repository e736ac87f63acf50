/** docs/security.md is held to the tests and to the routes: no attack without a test, no test that it does not tell of. */
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CLIENT_SCOPES, GRANTABLE_SCOPES, ROOT_SCOPE, SCOPES, type Scope } from "../../src/contract/scopes.ts";
import { operations } from "../support/openapi.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(`${root}docs/security.md`, "utf8");
const SELF = "security-table";

/** The cells of all rows of tables that begin with this heading. */
function rowsUnder(heading: string): string[][] {
  const cells = (line: string) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  const tables = page.split(/\n{2,}/).map((block) => block.split("\n").filter((line) => line.startsWith("|")));
  return tables
    .filter(([first]) => first !== undefined && cells(first)[0] === heading)
    .flatMap((lines) => lines.slice(2).map(cells));
}

/** The text of test files by their names; of several with one name, all of it. */
const sources = new Map<string, string>();
for (const file of globSync("test/**/*.test.ts", { cwd: root })) {
  const name = basename(file, ".test.ts");
  sources.set(name, (sources.get(name) ?? "") + readFileSync(root + file, "utf8"));
}
/** Each test that the page names: its file's name and its title. Rules need not be named where a title is made of parts. */
const cited = rowsUnder("attack").map((row) => {
  const places = (row[3] ?? "").split("<br>").map((place) => /^`([\w-]+)`: (.+)$/.exec(place.trim()));
  return {
    attack: row[0] ?? "",
    row,
    places: places.map((place) => ({ file: place?.[1] ?? "", title: place?.[2] ?? "" })),
  };
});

/** Whether a title, or one that is made of parts and ends so, stands in a source. */
const isTitle = (source: string, title: string) => source.includes(`${title}"`) || source.includes(`${title}\``);

describe("the table of attacks", () => {
  it("says of each attack what was done, what happens, and which test does it", () => {
    expect(cited.length).toBeGreaterThan(50);
    for (const { attack, row } of cited) {
      expect(row, attack).toHaveLength(4);
      for (const cell of row) expect(cell.length, attack).toBeGreaterThan(2);
    }
  });

  it("names tests that there are", () => {
    const missing = cited.flatMap(({ attack, places }) =>
      places
        .filter(({ file, title }) => title === "" || !isTitle(sources.get(file) ?? "", title))
        .map(({ file, title }) => `${attack}: ${file}: ${title}`),
    );
    expect(missing).toEqual([]);
  });

  it("tells of every test of attacks", () => {
    const told = new Set(cited.flatMap(({ places }) => places.map(({ file, title }) => `${file}: ${title}`)));
    const tests = [...sources]
      .filter(([file]) => file.startsWith("security-") && file !== SELF)
      .flatMap(([file, source]) =>
        [...source.matchAll(/"(\[[A-Z]\d+(?:, ?[A-Z]\d+)*\] [^"]+)"/g)].map(([, title]) => `${file}: ${title}`),
      );
    expect(tests.length).toBeGreaterThan(50);
    expect(tests.filter((test) => !told.has(test))).toEqual([]);
  });
});

describe("the table of scopes", () => {
  const rows = rowsUnder("scope").map(([scope = "", holder = "", opens = ""]) => ({
    scope: scope.replaceAll("`", ""),
    holder,
    routes: [...opens.matchAll(/`([A-Z]+ \/[^`]*)`/g)].map(([, route = ""]) => route).sort(),
  }));

  it("[A7] has each scope, and those who may hold it", () => {
    const holderOf = (scope: Scope) => {
      if (scope === ROOT_SCOPE) return "owner";
      if ((CLIENT_SCOPES as readonly Scope[]).includes(scope)) return "apps, servers";
      return (GRANTABLE_SCOPES as readonly Scope[]).includes(scope) ? "servers; apps if it is named" : "servers";
    };
    const named = rows.filter(({ scope }) => (SCOPES as readonly string[]).includes(scope));
    expect(Object.fromEntries(named.map(({ scope, holder }) => [scope, holder]))).toEqual(
      Object.fromEntries(SCOPES.map((scope) => [scope, holderOf(scope)])),
    );
  });

  it("[A7] has each route under the scope that it asks for", () => {
    const byScope = new Map<string, string[]>(SCOPES.map((scope) => [scope, []]));
    for (const { method, path, scope, isPublic } of operations()) {
      const door = scope ?? (isPublic ? "none" : "any credential");
      byScope.set(door, [...(byScope.get(door) ?? []), `${method} ${path}`].sort());
    }
    expect(Object.fromEntries(rows.map(({ scope, routes }) => [scope, routes]))).toEqual(Object.fromEntries(byScope));
  });
});

it("[A3] the platform is told to keep no record of the URLs of requests: links and tickets stand in them", () => {
  expect(readFileSync(`${root}wrangler.toml`, "utf8").split("\n")).toContain("invocation_logs = false");
});
