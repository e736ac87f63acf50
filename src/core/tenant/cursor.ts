/**
 * Cursors of lists and of the feed: a position, and a checksum over it and over all that the list was asked for (the
 * project, the user, the filters). So a cursor with a changed character, of another list or of another project is
 * refused. The checksum has no secret key, because a cursor grants nothing: who makes one up goes to another place in a
 * list that is theirs anyway, and a keyed one would cost a signature for each page.
 */
import { encodeBase64Url } from "../artifact/base64.ts";
import { decodeBase64Url } from "../auth/base64url.ts";
import type { ChangesQuery, ListQuery } from "./vocabulary.ts";

export type CursorKind = "list" | "changes" | "deliveries" | "events";

const BYTES = 15;
const POSITION_BYTES = 6;
const KIND_BYTE: Record<CursorKind, number> = { list: 1, changes: 2, deliveries: 3, events: 4 };

/** Twenty characters for a position (below 2^48) in the list that `scope` names. */
export function encodeCursor(kind: CursorKind, scope: string, position: number): string {
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, KIND_BYTE[kind]);
  view.setUint16(1, Math.floor(position / 2 ** 32));
  view.setUint32(3, position % 2 ** 32);
  view.setBigUint64(1 + POSITION_BYTES, checksum(bytes.subarray(0, 1 + POSITION_BYTES), scope));
  return encodeBase64Url(bytes);
}

/** The position, or null for anything that was not made for this kind and scope. */
export function decodeCursor(text: string, kind: CursorKind, scope: string): number | null {
  if (text.length !== 20) return null;
  const bytes = decodeBase64Url(text);
  if (bytes?.length !== BYTES || bytes[0] !== KIND_BYTE[kind]) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, BYTES);
  if (view.getBigUint64(1 + POSITION_BYTES) !== checksum(bytes.subarray(0, 1 + POSITION_BYTES), scope)) return null;
  return view.getUint16(1) * 2 ** 32 + view.getUint32(3);
}

/** What a list's cursor belongs to. The number of rows a page holds is no part of it and may change on the way. */
export function listScope(project: string, query: Omit<ListQuery, "before" | "limit">): string {
  const { user, status, workflow, metadata, createdAfter, createdBefore } = query;
  return JSON.stringify([
    project,
    user,
    status && [...status].sort(),
    workflow,
    Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)),
    createdAfter,
    createdBefore,
  ]);
}

/** What the feed's cursor belongs to. */
export const changesScope = (project: string, { user }: Pick<ChangesQuery, "user">): string =>
  JSON.stringify([project, user]);

/** What the cursor of a list with these filters belongs to; a page's own bounds are no part of it. */
export const filterScope = (project: string, filters: Readonly<Record<string, string | number | null>>): string =>
  JSON.stringify([project, ...Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1))]);

/** FNV-1a, 64 bits. */
function checksum(head: Uint8Array, scope: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of [...head, ...new TextEncoder().encode(scope)]) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash;
}
