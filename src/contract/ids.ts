/**
 * Ids that cross our own wires and their formats. An id is a type prefix and 26 lower-case Crockford base32
 * characters: a ULID where somebody mints it (so ids sort by time), a digest where it must be found again.
 */
import * as z from "zod";

/** 128 bits: the first of the 26 characters carries only three of them. */
const CROCKFORD_26 = "[0-7][0-9a-hjkmnp-tv-z]{25}";
const id = (prefix: string, what: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_${CROCKFORD_26}$`), `must be ${prefix}_ and 26 lower-case base32 characters`)
    .meta({
      description: what,
    });

export const JobIdSchema = id("job", "A job. May be chosen by the client; not a secret, grants nothing.");
export const UploadIdSchema = id("upl", "An uploaded input file.");
export const OutputIdSchema = id("out", "One stored result of a job.");
export const ShareIdSchema = id("shr", "A share link, without its secret.");
export const ProjectIdSchema = id("prj", "A project: keys, jobs and limits of one app.");
export const KeyIdSchema = id("key", "A secret key, without its secret.");
export const EventIdSchema = id("evt", "An event; the receiver's webhook-id.");
export const DeliveryIdSchema = id("dlv", "One event on its way to one receiver.");
export const EndpointIdSchema = id("whe", "A project's webhook endpoint.");

export type JobId = z.infer<typeof JobIdSchema>;
export type UploadId = z.infer<typeof UploadIdSchema>;
export type OutputId = z.infer<typeof OutputIdSchema>;
export type ShareId = z.infer<typeof ShareIdSchema>;
export type ProjectId = z.infer<typeof ProjectIdSchema>;
export type KeyId = z.infer<typeof KeyIdSchema>;

/** A share token as it stands in a link: 44 base62 characters, the first half routes, the second half is the secret. */
export const SHARE_TOKEN_PATTERN = /^[0-9A-Za-z]{44}$/;
