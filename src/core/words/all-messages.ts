/** The messages of every language. */
import type { Lang } from "./languages.ts";
import { ar } from "./messages/ar.ts";
import { de } from "./messages/de.ts";
import { en } from "./messages/en.ts";
import { es } from "./messages/es.ts";
import { fr } from "./messages/fr.ts";
import { hi } from "./messages/hi.ts";
import { ja } from "./messages/ja.ts";
import { ko } from "./messages/ko.ts";
import { ptBR } from "./messages/pt-BR.ts";
import { zhHans } from "./messages/zh-Hans.ts";
import type { Messages } from "./messages.ts";

/** By language. */
export const MESSAGES: Record<Lang, Messages> = { en, de, es, fr, "pt-BR": ptBR, ja, ko, "zh-Hans": zhHans, hi, ar };
