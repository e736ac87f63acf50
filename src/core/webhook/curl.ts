/**
 * A delivery as a command that can be pasted into a terminal: the same request, signature included, as the receiver
 * would get it. Every part is quoted, so that nothing in it is ever run or expanded.
 */
import { assert } from "../util/assert.ts";

/** The command, for POSIX shells, over several lines. Throws where a header holds a line break, which none of ours does. */
export function curlOf(request: { url: string; headers: Readonly<Record<string, string>>; body: string }): string {
  const headers = Object.entries(request.headers).map(([name, value]) => {
    assert(!/[\r\n\0]/.test(name + value), "a header is one line");
    return `-H ${quoted(`${name}: ${value}`)}`;
  });
  // --globoff: brackets in a URL are themselves; --data-raw: a body that begins with @ names no file.
  const parts = [`curl -i --globoff -X POST ${quoted(request.url)}`, ...headers, `--data-raw ${quoted(request.body)}`];
  return parts.join(" \\\n  ");
}

/** In single quotes, where a shell reads nothing but the closing quote. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
