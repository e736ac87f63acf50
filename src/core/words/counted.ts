/** Numbers in sentences: the plural form and the digits that a language wants. */
import type { Lang } from "./languages.ts";
import type { Plural } from "./messages.ts";

type Rules = { plural: Intl.PluralRules; number: Intl.NumberFormat };

/** Made when first used: making them costs a thousand times what using them does. */
const rules = new Map<Lang, Rules>();

function rulesOf(lang: Lang): Rules {
  let known = rules.get(lang);
  if (!known) {
    known = { plural: new Intl.PluralRules(lang), number: new Intl.NumberFormat(lang, { useGrouping: false }) };
    rules.set(lang, known);
  }
  return known;
}

/** A counted phrase: `counted("en", {one: "# day", other: "# days"}, 2)` is "2 days". */
export function counted(lang: Lang, forms: Plural, count: number): string {
  const { plural, number } = rulesOf(lang);
  return (forms[plural.select(count)] ?? forms.other).replace("#", number.format(count));
}

/** A pattern with its `{places}` filled in. */
export function filled(pattern: string, places: Record<string, string>): string {
  return pattern.replace(/\{(\w+)\}/g, (place, name: string) => places[name] ?? place);
}
