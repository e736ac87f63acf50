/**
 * Share tokens: 44 base62 characters. The first 22 name the job's object, so that a crowd finds it without a look-up
 * in between; they are a digest and reveal nothing. The other 22 are the secret, of which only a hash is stored.
 */
import { SHARE_TOKEN_PATTERN } from "../../contract/ids.ts";
import { base62, hex, sha256 } from "../util/ids.ts";

const HALF = 22;

/** The name of the object that holds a job. */
export async function jobObjectName(project: string, jobId: string): Promise<string> {
  const digest = await sha256(`${project.length}:${project}${jobId}`);
  return base62(digest.subarray(0, 16), HALF);
}

/** A token for the job of that object, from 16 random bytes. */
export const mintShareToken = (objectName: string, random: Uint8Array): string => objectName + base62(random, HALF);

/** The object's name and the secret of a token, or null where it cannot be one. */
export function readShareToken(token: string): { objectName: string; secret: string } | null {
  if (!SHARE_TOKEN_PATTERN.test(token)) return null;
  return { objectName: token.slice(0, HALF), secret: token.slice(HALF) };
}

/** What is stored of a secret. */
export const hashShareSecret = async (secret: string): Promise<string> => hex(await sha256(`share:${secret}`));
