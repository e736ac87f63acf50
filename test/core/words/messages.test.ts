/** The ten languages hold together: every sentence is there, in its own language, and can be filled in. */
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../../src/contract/errors.ts";
import { MESSAGES } from "../../../src/core/words/all-messages.ts";
import { counted } from "../../../src/core/words/counted.ts";
import { LANGUAGES, type Lang } from "../../../src/core/words/languages.ts";
import { type Messages, PROBLEM_SENTENCES } from "../../../src/core/words/messages.ts";
import { problemMessage, SENTENCE_OF } from "../../../src/core/words/problem-words.ts";

/** Letters that every text of a language has. */
const SCRIPTS: Record<Lang, RegExp> = {
  en: /\p{Script=Latin}/u,
  de: /\p{Script=Latin}/u,
  es: /\p{Script=Latin}/u,
  fr: /\p{Script=Latin}/u,
  "pt-BR": /\p{Script=Latin}/u,
  ja: /\p{Script=Hiragana}/u,
  ko: /\p{Script=Hangul}/u,
  "zh-Hans": /\p{Script=Han}/u,
  hi: /\p{Script=Devanagari}/u,
  ar: /\p{Script=Arabic}/u,
};
const FULL_STOPS: Partial<Record<Lang, string>> = { ja: "。", "zh-Hans": "。", hi: "।" };
const OTHERS = LANGUAGES.filter((lang) => lang !== "en");
const COUNTS = Array.from({ length: 199 }, (_, index) => index + 1);

/** Every text of a language by the path to it. */
function texts(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  return Object.entries(value as object).flatMap(([key, inner]) => texts(inner, `${path}/${key}`));
}
const sentences = ({ failures, notices, problems }: Messages) => texts({ failures, notices, problems });
const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

describe.each(LANGUAGES)("the words of %s", (lang) => {
  const messages = MESSAGES[lang];

  it("[S6] are all there, trimmed, and in the letters of the language", () => {
    for (const [path, text] of texts(messages)) {
      expect(text, path).toBe(text.trim());
      const written = text.replace(/\{\w+\}/g, "");
      if (/\p{L}/u.test(written)) expect(written, path).toMatch(SCRIPTS[lang]);
    }
  });

  it("[S6] are whole sentences where a sentence is needed, and say nothing of the machinery", () => {
    for (const [path, text] of sentences(messages)) {
      expect(text.endsWith(FULL_STOPS[lang] ?? "."), `${path}: ${text}`).toBe(true);
      expect(text, path).not.toMatch(/node|backend|comfyui|worker|token|[{}<>#_]/i);
    }
  });

  it("[S6] leave the same places open as English", () => {
    const { place, progress } = messages.headlines;
    expect(places(place)).toEqual(places(MESSAGES.en.headlines.place));
    expect(places(progress)).toEqual(places(MESSAGES.en.headlines.progress));
  });

  it("[S6] bend counted phrases as the language does", () => {
    const rules = new Intl.PluralRules(lang);
    const { aheadInLine, secondsLeft, minutesLeft } = messages.headlines;
    for (const forms of [aheadInLine, secondsLeft, minutesLeft]) {
      const given = Object.keys(forms);
      const needed = new Set(COUNTS.map((count) => rules.select(count)));
      if (given.length > 1) expect(given).toEqual(expect.arrayContaining([...needed]));
      expect(rules.resolvedOptions().pluralCategories).toEqual(expect.arrayContaining(given));
      for (const count of COUNTS) expect(counted(lang, forms, count)).not.toMatch(/[#{}]/);
      expect(counted(lang, forms, 13)).toContain(new Intl.NumberFormat(lang).format(13));
    }
  });

  it("[S6] have a sentence for every code", () => {
    for (const code of ERROR_CODES) expect(problemMessage(code, lang), code).toMatch(SCRIPTS[lang]);
  });
});

describe("the languages", () => {
  it.each(OTHERS)("[S6] %s repeats no English sentence", (lang) => {
    const english = new Set(sentences(MESSAGES.en).map(([, text]) => text));
    expect(sentences(MESSAGES[lang]).filter(([, text]) => english.has(text))).toEqual([]);
  });

  it("[S6] German addresses nobody as du", () => {
    const familiar = texts(MESSAGES.de).filter(([, text]) => /\b(du|dich|dir|dein\w*)\b/i.test(text));
    expect(familiar).toEqual([]);
  });

  it("[S6] every sentence for a refused request is used by a code", () => {
    expect(new Set(Object.values(SENTENCE_OF))).toEqual(new Set(PROBLEM_SENTENCES));
  });
});
