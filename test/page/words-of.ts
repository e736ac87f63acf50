/** The page's words in a language, as the Worker and the script make them. */
import { MESSAGES } from "../../src/core/words/all-messages.ts";
import type { Lang } from "../../src/core/words/languages.ts";
import { SENTENCES } from "../../src/page/words/all-sentences.ts";
import { speak, type Words } from "../../src/page/words.ts";

/** The words of `lang`. */
export const wordsOf = (lang: Lang): Words => speak({ ...SENTENCES[lang], failures: MESSAGES[lang].failures });
