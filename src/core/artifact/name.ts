/**
 * File names for downloads. A name comes from ComfyUI or from a caller and ends on a stranger's disk, so nothing in it may
 * lead out of the folder, hide what kind of file it is, or break the header it travels in.
 */

/** The longest name, extension included, in UTF-8 bytes: well under the 255 of common file systems. */
export const MAX_NAME_BYTES = 120;

/** Control characters, and those that reorder or hide text, which can disguise an extension. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]/gu;
/** Characters Windows refuses; slashes are gone by then. */
const FORBIDDEN = /[<>:"|?*]/g;
/** Names that are devices on Windows, whatever their extension. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)$/i;
/** Spellings that count as the same extension. */
const SAME_EXTENSION: Readonly<Record<string, string>> = { jpeg: "jpg", tif: "tiff" };

/**
 * A safe name for `filename` that ends in `extension` (no dot): only the last part of a path, without control and
 * invisible characters, at most `MAX_NAME_BYTES` long. A name of another extension gets the true one behind it.
 */
export function downloadName(filename: string, extension: string): string {
  const lastPart = filename.toWellFormed().split(/[/\\]/).at(-1) ?? "";
  const cleaned = lastPart.replace(INVISIBLE, "").replace(FORBIDDEN, "_").trim();
  const claimed = /\.([a-z0-9]+)$/i.exec(cleaned)?.[1] ?? "";
  const normalized = SAME_EXTENSION[claimed.toLowerCase()] ?? claimed.toLowerCase();
  const isSame = claimed !== "" && normalized === (SAME_EXTENSION[extension] ?? extension);
  const stem = (isSame ? cleaned.slice(0, -claimed.length - 1) : cleaned).replace(/^[. ]+|[. ]+$/g, "");
  const isUsable = stem !== "" && !DEVICE.test(stem.split(".")[0] ?? "");
  const usable = isUsable ? stem : `file-${stem}`;
  const base = truncateUtf8(usable, MAX_NAME_BYTES - extension.length - 1).replace(/[. -]+$/, "");
  return `${base}.${extension}`;
}

/**
 * A Content-Disposition header (RFC 6266). A name that is not plain ASCII travels as `filename*` (RFC 8187) too, which
 * current clients prefer.
 */
export function contentDisposition(type: "inline" | "attachment", name: string): string {
  const wellFormed = name.toWellFormed().replace(/\p{Cc}/gu, "");
  const ascii = wellFormed.replace(/[^\x20-\x7e]|["\\%]/gu, "_");
  const plain = `${type}; filename="${ascii}"`;
  return ascii === wellFormed ? plain : `${plain}; filename*=UTF-8''${encodeExtended(wellFormed)}`;
}

/** Percent-encodes all but the characters RFC 8187 lets stand. */
const encodeExtended = (text: string): string =>
  encodeURIComponent(text).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** The longest start of whole characters within `maxBytes` of UTF-8. */
function truncateUtf8(text: string, maxBytes: number): string {
  const encoder = new TextEncoder();
  let bytes = 0;
  let kept = "";
  for (const character of text) {
    bytes += encoder.encode(character).length;
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept;
}
