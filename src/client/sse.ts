/**
 * Server-sent events out of a text stream: chunks in, the `data` of each finished event out. `fetch` is used instead
 * of EventSource because only it shows the response's status. Ids and names are inside the data and not needed here.
 */

const MAX_BUFFER_CHARS = 1 << 20;

/** A reader for one response: returns the data of every event that `chunk` completes. An endless line is dropped. */
export function createSseReader(): (chunk: string) => string[] {
  let buffer = "";
  let data: string[] = [];
  return (chunk) => {
    const events: string[] = [];
    buffer += chunk;
    // A lone CR at the very end may be half of a CRLF: it waits for the next chunk.
    const lines = buffer.split(/\r\n|\n|\r(?!$)/);
    buffer = lines.pop() ?? "";
    if (buffer.length > MAX_BUFFER_CHARS) buffer = "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) events.push(data.join("\n"));
        data = [];
      } else if (line.startsWith("data:")) {
        data.push(line.slice(line[5] === " " ? 6 : 5));
      }
    }
    return events;
  };
}
