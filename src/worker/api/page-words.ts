/**
 * The live page's sentences in a language. English is in the Worker; the others lie among its assets and are read once
 * per isolate: most viewers of one link read one language, and ten of them would be a twentieth of the Worker's size.
 */
import type { Lang } from "../../core/words/languages.ts";
import { en } from "../../page/words/en.ts";
import type { Sentences } from "../../page/words/sentences.ts";
import { errorName, log } from "../log.ts";

const read = new Map<Lang, Sentences>([["en", en]]);

/** The sentences; English where the language's cannot be read, so that the page is there all the same. */
export async function sentencesIn(env: Env, lang: Lang): Promise<Sentences> {
  const known = read.get(lang);
  if (known) return known;
  try {
    const response = await env.ASSETS.fetch(`https://assets/assets/words/${lang}.json`);
    if (!response.ok) throw new Error("no such asset");
    // Our own build wrote it.
    const sentences = (await response.json()) as Sentences;
    read.set(lang, sentences);
    return sentences;
  } catch (error) {
    log("error", "words_not_read", { lang, error: errorName(error) });
    return en;
  }
}
