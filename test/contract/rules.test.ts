/** PROTOCOL.md and the tests hold each other: no rule without a test, no citation without a rule. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { CHECKS } from "../conformance/checks/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const rules = new Set([
  ...[...readFileSync(`${root}PROTOCOL.md`, "utf8").matchAll(/^- \*\*([A-Z]\d+)\*\*/gm)].map(([, rule = ""]) => rule),
  ...Array.from({ length: 74 }, (_, index) => `F${index + 1}`),
]);
const cited = new Set([
  ...CHECKS.map(({ number }) => `F${number}`),
  ...globSync("test/**/*.ts", { cwd: root }).flatMap((file) =>
    [...readFileSync(root + file, "utf8").matchAll(/\[((?:[A-Z]\d+)(?:,\s*[A-Z]\d+)*)\]/g)].flatMap(([, list]) =>
      (list ?? "").split(/,\s*/),
    ),
  ),
]);

it("no test cites a rule that is not written down", () => {
  expect([...cited].filter((rule) => !rules.has(rule))).toEqual([]);
});

it("every rule has a test that cites it", () => {
  expect([...rules].filter((rule) => !cited.has(rule))).toEqual([]);
});
