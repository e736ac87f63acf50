/**
 * From what a caller reads to a language that is spoken here: the lookup of RFC 4647 §3.4 over an Accept-Language header.
 * A header is foreign input: it is cut before it is read, and what is no language range in it counts as not there.
 */
import { DEFAULT_LANG, LANGUAGES, type Lang } from "./languages.ts";

/** What is read of a header; browsers send under 100 characters. */
const MAX_HEADER_CHARS = 500;
const RANGE = /^([a-z]{1,8}(?:-[a-z0-9]{1,8}){0,7}|\*)(?:;q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

/** Tags that mean one of our languages without beginning with it. */
const ALIASES: readonly [string, Lang][] = [
  ["pt", "pt-BR"],
  ["zh", "zh-Hans"],
  ["cmn", "zh-Hans"],
];
const SPOKEN: ReadonlyMap<string, Lang> = new Map([
  ...LANGUAGES.map((lang): [string, Lang] => [lang.toLowerCase(), lang]),
  ...ALIASES,
]);

/** The language for an Accept-Language header (or a single tag); English where none fits or none is given. */
export function localeOf(header: string | null | undefined): Lang {
  const ranges = (header ?? "").slice(0, MAX_HEADER_CHARS).toLowerCase().split(",").flatMap(parseRange);
  const refused = new Set(ranges.flatMap(({ range, weight }) => (weight === 0 ? (spokenFor(range) ?? []) : [])));
  const wanted = ranges.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
  for (const { range } of wanted) {
    const lang = range === "*" ? LANGUAGES.find((one) => !refused.has(one)) : spokenFor(range);
    if (lang && !refused.has(lang)) return lang;
  }
  return DEFAULT_LANG;
}

function parseRange(text: string): { range: string; weight: number }[] {
  const [, range, weight = "1"] = RANGE.exec(text.replace(/[ \t]/g, "")) ?? [];
  return range === undefined ? [] : [{ range, weight: Number(weight) }];
}

/** The language of a tag, shortened from its end until one is known: `pt-PT` → `pt` → `pt-BR`. */
function spokenFor(tag: string): Lang | null {
  const parts = tag.split("-");
  for (let length = parts.length; length > 0; length--) {
    const lang = SPOKEN.get(parts.slice(0, length).join("-"));
    if (lang) return lang;
  }
  return null;
}
