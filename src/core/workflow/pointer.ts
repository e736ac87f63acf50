/** JSON pointers in fragment form (RFC 6901 §6): how an error names the place in the request it is about. */

/** `#/graph/12/inputs/model` from its parts. Total: half surrogate pairs are replaced, so it never throws. */
export function pointer(...parts: string[]): string {
  const escaped = parts.map((part) => part.toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1"));
  return `#/${escaped.map((part) => encodeURI(part).replaceAll("#", "%23").replaceAll("?", "%3F")).join("/")}`;
}

/** Text from outside, shortened for a sentence in an error. */
export function quote(text: string, maxLength = 60): string {
  const wellFormed = text.toWellFormed();
  return JSON.stringify(
    wellFormed.length > maxLength ? `${wellFormed.slice(0, maxLength)}…`.toWellFormed() : wellFormed,
  );
}
