/** The page's ten languages hold together: every sentence is there, in its own letters, and numbers stand in it well. */
import { describe, expect, it } from "vitest";
import { MESSAGES } from "../../src/core/words/all-messages.ts";
import { LANGUAGES, type Lang } from "../../src/core/words/languages.ts";
import { SENTENCES } from "../../src/page/words/all-sentences.ts";
import { wordsOf } from "./words-of.ts";

/** Letters that texts of a language are written in. */
const SCRIPTS: Record<Lang, RegExp> = {
  en: /\p{Script=Latin}/u,
  de: /\p{Script=Latin}/u,
  es: /\p{Script=Latin}/u,
  fr: /\p{Script=Latin}/u,
  "pt-BR": /\p{Script=Latin}/u,
  ja: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u,
  ko: /\p{Script=Hangul}/u,
  "zh-Hans": /\p{Script=Han}/u,
  hi: /\p{Script=Devanagari}/u,
  ar: /\p{Script=Arabic}/u,
};
const OTHERS = LANGUAGES.filter((lang) => lang !== "en");
const COUNTS = Array.from({ length: 199 }, (_, index) => index + 1);
const SECOND_MS = 1_000;
const DURATIONS_MS = [1, 2, 3, 11, 59, 60, 87, 120, 600, 5_400, 7_200].map((seconds) => seconds * SECOND_MS);

/** Every text of a language by the path to it. */
function texts(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  return Object.entries(value as object).flatMap(([key, inner]) => texts(inner, `${path}/${key}`));
}
const said = (lang: Lang) => {
  const { lang: _lang, dir: _dir, stop: _stop, gap: _gap, ...rest } = SENTENCES[lang];
  return texts(rest);
};
const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

describe.each(LANGUAGES)("the page's words of %s", (lang) => {
  const sentences = SENTENCES[lang];
  const words = wordsOf(lang);

  it("[S6] are all there, trimmed, and in the letters of the language", () => {
    expect(sentences.lang).toBe(lang);
    for (const [path, text] of said(lang)) {
      expect(text, path).not.toBe("");
      expect(text, path).toBe(text.trim());
      const written = text.replace(/\{\w+\}/g, "");
      if (/\p{L}/u.test(written)) expect(written, path).toMatch(SCRIPTS[lang]);
    }
  });

  it("[S6] are whole sentences where a sentence is needed, and say nothing of the machinery", () => {
    const { reasons, troubles, failedDetail, removedDetail, firstTakesLonger, retryingDetail, cardDescription } =
      sentences;
    const whole = { reasons, troubles, failedDetail, removedDetail, firstTakesLonger, retryingDetail, cardDescription };
    for (const [path, text] of texts(whole)) expect(text.endsWith(sentences.stop), `${path}: ${text}`).toBe(true);
    for (const { detail } of Object.values(sentences.closed)) expect(detail.endsWith(sentences.stop)).toBe(true);
    expect(sentences.startsIn.endsWith(sentences.stop)).toBe(true);
    for (const [path, text] of said(lang)) expect(text, path).not.toMatch(/node|backend|comfyui|worker|token|[<>_]/i);
  });

  it("[S6] leave the same places open as English", () => {
    const english = new Map(said("en"));
    for (const [path, text] of said(lang)) {
      if (!path.includes("namedPlaces")) expect(places(text), path).toEqual(places(english.get(path) ?? ""));
    }
  });

  it("[S6] bend counted phrases as the language does, and fill every place", () => {
    const cardinal = new Intl.PluralRules(lang);
    const given = Object.keys(sentences.watching);
    const needed = COUNTS.map((count) => cardinal.select(count));
    if (given.length > 1) expect(given).toEqual(expect.arrayContaining(needed));
    expect(cardinal.resolvedOptions().pluralCategories).toEqual(expect.arrayContaining(given));
    const ordinal = new Intl.PluralRules(lang, { type: "ordinal" }).resolvedOptions().pluralCategories;
    expect(ordinal).toEqual(expect.arrayContaining(Object.keys(sentences.place)));
    const filled = [
      ...COUNTS.flatMap((count) => [words.watching(count), words.place(count), words.step(count, 200)]),
      ...COUNTS.flatMap((count) => [words.ready(count, 200), words.ready(count, null), words.picture(count, 200)]),
      ...DURATIONS_MS.flatMap((ms) => {
        const duration = words.duration(ms);
        return [words.about(duration), words.startsIn(duration), words.left(duration), words.doneIn(duration)];
      }),
      ...DURATIONS_MS.map((ms) => words.lastUpdate(ms)),
      words.removedOn(words.day("2026-11-27T00:00:00Z")),
      words.milestone(words.phases.sampling, words.percent(0.5)),
    ];
    for (const text of filled) expect(text).not.toMatch(/[#{}]|undefined|NaN|\.\.$/);
    expect(words.place(13)).toContain(new Intl.NumberFormat(lang).format(13));
    expect(words.fileSize(1_848_320)).toMatch(/1[.,]8/);
    expect(words.dimensions(1344, 768)).toBe("1344 × 768");
  });

  it("[S6] name each place in line once", () => {
    expect(new Set(COUNTS.map((count) => words.place(count))).size).toBe(COUNTS.length);
  });
});

describe("the languages of the page", () => {
  it("[S6] are those of the service", () => {
    expect(Object.keys(SENTENCES)).toEqual([...LANGUAGES]);
  });

  it.each(OTHERS)("[S6] %s repeats no English sentence", (lang) => {
    const english = new Set(said("en").flatMap(([, text]) => (/[a-z]+ [a-z]+/i.test(text) ? [text] : [])));
    expect(said(lang).filter(([, text]) => english.has(text))).toEqual([]);
  });

  it.each(OTHERS)("[S6] %s calls things as the rest of the service does", (lang) => {
    const { headlines, notices } = MESSAGES[lang];
    expect(SENTENCES[lang].namedPlaces[0]).toBe(headlines.nextInLine);
    expect(SENTENCES[lang].canceling).toBe(headlines.stopping);
    expect(SENTENCES[lang].done).toBe(headlines.done);
    expect(SENTENCES[lang].phases.sampling).toBe(MESSAGES[lang].phases.sampling);
    for (const code of ["connection_lost", "no_news", "not_answering"] as const) {
      expect(SENTENCES[lang].troubles[code]).toBe(notices[code]);
    }
  });

  it("[S6] German addresses nobody as du", () => {
    expect(said("de").filter(([, text]) => /\b(du|dich|dir|dein\w*)\b/i.test(text))).toEqual([]);
  });

  it.each<[Lang, string, string]>([
    ["en", "about 1 min 27 sec left", "3 watching"],
    ["de", "noch etwa 1 Min. 27 Sek.", "3 Personen sehen zu"],
    ["ja", "残り約 1 分 27 秒", "3人が視聴中"],
    ["ar", "تتبقى 1 د 27 ث تقريبًا", "3 مشاهدين"],
  ])("[S6] %s says how long and how many as people do", (lang, left, watching) => {
    const words = wordsOf(lang);
    expect(words.left(words.duration(87_000)).replace(/\s/g, " ")).toBe(left);
    expect(words.watching(3)).toBe(watching);
  });
});
