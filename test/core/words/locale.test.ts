/** Which language a caller is spoken to in. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LANGUAGES } from "../../../src/core/words/languages.ts";
import { localeOf } from "../../../src/core/words/locale.ts";

const CASES: [string, string | null, string][] = [
  ["a language itself", "de", "de"],
  ["a region of a language", "de-AT", "de"],
  ["another spelling", "PT-br", "pt-BR"],
  ["Portuguese of any country", "pt-PT", "pt-BR"],
  ["Portuguese without a country", "pt", "pt-BR"],
  ["Chinese of mainland China", "zh-CN", "zh-Hans"],
  ["Chinese of Singapore", "zh-SG", "zh-Hans"],
  ["Chinese without a country", "zh", "zh-Hans"],
  ["simplified script with a country", "zh-Hans-CN", "zh-Hans"],
  ["Chinese that is not had, as the nearest there is", "zh-TW", "zh-Hans"],
  ["Mandarin by its own tag", "cmn-Hans", "zh-Hans"],
  ["Latin American Spanish", "es-419", "es"],
  ["a browser's list", "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"],
  ["weights in another order than the list's", "en;q=0.2, ja;q=0.9", "ja"],
  ["the first of equal weights", "ko, hi", "ko"],
  ["the first language that is had", "nl, sv;q=0.9, ar;q=0.3", "ar"],
  ["a language that is not had", "nl", "en"],
  ["any language", "*", "en"],
  ["any but English", "*, en;q=0", "de"],
  ["a refused language before another", "de;q=0, fr;q=0.1", "fr"],
  ["nothing but a refused language", "en;q=0", "en"],
  ["a weight that is none, which does not count", "de;q=5, fr;q=0.1", "fr"],
  ["spaces and tabs", " de ;\tq=0.5 , es ; q=0.6", "es"],
  ["a language past a broken one", "%%%%, es", "es"],
  ["an empty header", "", "en"],
  ["no header", null, "en"],
  ["what stands behind the bound, which is not read", `${"x,".repeat(250)}de`, "en"],
];

describe("the language of a caller", () => {
  it.each(CASES)("[S6] is found for %s: %j", (_name, header, lang) => {
    expect(localeOf(header)).toBe(lang);
  });

  it("[S6] is one of ours whatever is sent", () => {
    const piece = fc.oneof(
      fc.constantFrom("de", "zh-TW", "*", ";q=", "q=0", "1.000", ",", "-", " ", "\u0000", "__proto__", "constructor"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        expect(LANGUAGES).toContain(localeOf(pieces.join("")));
      }),
    );
  });
});
