/** The sentences of every language, for the build: the Worker reads one of them, and the script gets it with the page. */
import { ar } from "./ar.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { es } from "./es.ts";
import { fr } from "./fr.ts";
import { hi } from "./hi.ts";
import { ja } from "./ja.ts";
import { ko } from "./ko.ts";
import { ptBR } from "./pt-BR.ts";
import type { Sentences } from "./sentences.ts";
import { zhHans } from "./zh-Hans.ts";

/** By language tag. */
export const SENTENCES = { en, de, es, fr, "pt-BR": ptBR, ja, ko, "zh-Hans": zhHans, hi, ar } satisfies Record<
  string,
  Sentences
>;
