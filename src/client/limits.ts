/** The numbers of the client that are not of the schedule (ladder.ts). */

/** Tries of a call after the first. */
export const MAX_REPEATS = 4;
/** When the service asks for a longer wait than this, the app decides. */
export const MAX_RETRY_AFTER_MS = 30_000;
/** For the answer to a call. */
export const CALL_TIMEOUT_MS = 30_000;
/** For the answer to an upload. */
export const UPLOAD_TIMEOUT_MS = 600_000;
/** Larger files are asked for by their hash before they are sent. */
export const ASK_ABOVE_BYTES = 262_144;
/** Pieces of an upload that is read as it is sent. */
export const CHUNK_BYTES = 65_536;
/** The pause between two writes to the store for what comes often. */
export const SAVE_MS = 5_000;
/** Followed jobs that are kept; the oldest are let go. */
export const MAX_FOLLOWED = 50;
