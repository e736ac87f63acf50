/** The languages that people are spoken to in. */

export const LANGUAGES = ["en", "de", "es", "fr", "pt-BR", "ja", "ko", "zh-Hans", "hi", "ar"] as const;
/** A language tag (BCP 47), as Content-Language says it. */
export type Lang = (typeof LANGUAGES)[number];

/** What is spoken where nothing better is known. */
export const DEFAULT_LANG = "en" satisfies Lang;
