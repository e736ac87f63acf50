/** multipart/form-data, as far as upload forms use it. */

/** One part. `filename` is null for a plain field. */
export interface Part {
  readonly name: string;
  readonly filename: string | null;
  readonly data: Uint8Array;
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const first = wanted[0] ?? 0;
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

function parameter(header: string, name: string): string | null {
  return new RegExp(`;\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, "i").exec(header)?.[1]?.replaceAll('\\"', '"') ?? null;
}

/** The parts of a body, or null if it is no multipart body. */
export function parseMultipart(contentType: string, body: Uint8Array): readonly Part[] | null {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const text = boundary?.[1] ?? boundary?.[2];
  if (!contentType.toLowerCase().startsWith("multipart/form-data") || text === undefined) return null;
  const encoder = new TextEncoder();
  const delimiter = encoder.encode(`--${text}`);
  const blank = encoder.encode("\r\n\r\n");
  const parts: Part[] = [];
  let start = indexOf(body, delimiter, 0);
  while (start !== -1) {
    const from = start + delimiter.length;
    if (body[from] === 0x2d && body[from + 1] === 0x2d) return parts;
    const end = indexOf(body, delimiter, from);
    const head = indexOf(body, blank, from);
    if (end === -1 || head === -1 || head > end) return null;
    const headers = new TextDecoder().decode(body.subarray(from, head));
    const disposition = /content-disposition:[^\r\n]*/i.exec(headers)?.[0] ?? "";
    const name = parameter(disposition, "name");
    if (name !== null) {
      parts.push({ name, filename: parameter(disposition, "filename"), data: body.subarray(head + 4, end - 2) });
    }
    start = end;
  }
  return null;
}
