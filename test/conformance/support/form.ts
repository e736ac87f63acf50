/** Upload forms, encoded by hand: the platform's own encoder drops an empty file name. */

/** An upload form: a file part named `image`, if there is one, and fields. */
export function form(
  file: { readonly name: string; readonly content: Uint8Array | string } | null,
  fields: Readonly<Record<string, string>> = {},
): FormData {
  const data = new FormData();
  if (file !== null) data.append("image", new Blob([Buffer.from(file.content)]), file.name);
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}

/** The bytes of a form, every file part with its name, and their content type. */
export async function encodeForm(data: FormData): Promise<{ body: Uint8Array; contentType: string }> {
  const boundary = `conformance-${crypto.randomUUID()}`;
  const parts: Uint8Array[] = [];
  for (const [name, value] of data) {
    const isFile = typeof value !== "string";
    const filename = isFile ? `; filename="${value.name}"\r\nContent-Type: application/octet-stream` : "";
    parts.push(Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename}\r\n\r\n`));
    parts.push(isFile ? new Uint8Array(await value.arrayBuffer()) : Buffer.from(value), Buffer.from("\r\n"));
  }
  const body = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
  return { body, contentType: `multipart/form-data; boundary=${boundary}` };
}
