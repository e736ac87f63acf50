/**
 * Secret keys for servers: `ec_sk_live_` or `ec_sk_test_`, then base62: 22 characters that name the key's project, so
 * that nothing has to be looked up between a request and its project; 43 of secret (256 bits); 6 of a checksum, which
 * tells a typing error from a wrong key. Only the SHA-256 of a key is ever kept.
 */
import { assert } from "../util/assert.ts";
import { base62, constantTimeEqual, crockford, fromBase62, fromCrockford, hex, sha256, ulid } from "../util/ids.ts";

const KEY = /^ec_sk_(live|test)_([0-9A-Za-z]{22})([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;
const PROJECT_PREFIX = "prj_";
const PROJECT_LENGTH = 22;
const SECRET_LENGTH = 43;

/** A new project's id, which its keys carry: a ULID for `now` (ms) with 10 random bytes. */
export const newProjectId = (now: number, random: Uint8Array): string => PROJECT_PREFIX + ulid(now, random);

/** A new key of a project, from 32 random bytes. Throws where the project's id is not one that `newProjectId` makes. */
export function mintSecretKey(mode: "live" | "test", projectId: string, random: Uint8Array): string {
  const project = projectId.startsWith(PROJECT_PREFIX) ? fromCrockford(projectId.slice(PROJECT_PREFIX.length)) : null;
  assert(project !== null, "a key's project has an id of 128 bits");
  assert(random.length === 32, "a key has 256 random bits");
  const body = base62(project, PROJECT_LENGTH) + base62(random, SECRET_LENGTH);
  return `ec_sk_${mode}_${body}${checksum(body)}`;
}

/** What a text says as a secret key, its hash not compared yet; null where form or checksum is not that of a key. */
export function readSecretKey(text: string): { mode: "live" | "test"; projectId: string } | null {
  const [, mode, project, secret, check] = KEY.exec(text) ?? [];
  if ((mode !== "live" && mode !== "test") || project === undefined || secret === undefined) return null;
  const id = fromBase62(project, 16);
  if (id === null || checksum(project + secret) !== check) return null;
  return { mode, projectId: PROJECT_PREFIX + crockford(id) };
}

/** What is kept in place of a key: its SHA-256 in hex. */
export const hashSecretKey = async (key: string): Promise<string> => hex(await sha256(key));

/** The record with this hash, or null; every hash is compared, each in constant time. */
export const findKey = <T extends { hash: string }>(hash: string, records: readonly T[]): T | null =>
  records.reduce<T | null>((found, record) => (constantTimeEqual(hash, record.hash) ? record : found), null);

/** Whether a hash is among these; every one is compared, each in constant time. */
export const matchesHash = (hash: string, hashes: readonly string[]): boolean =>
  hashes.reduce((known, one) => constantTimeEqual(hash, one) || known, false);

function checksum(body: string): string {
  const crc = crc32(body);
  return base62(new Uint8Array([crc >>> 24, (crc >>> 16) & 255, (crc >>> 8) & 255, crc & 255]), 6);
}

/** CRC-32 (IEEE) of a text's bytes. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
