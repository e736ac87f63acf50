/** Whose jobs a caller reaches. The project needs no check here: a job is found by a digest of its project and id. */
import type { JobSpec } from "./spec.ts";

/** A caller: a user reaches the own jobs; null is a server, which reaches all of its project. */
export type Reader = { user: string | null };

/** Whether this caller reaches the job of this user. */
export const mayReach = (owner: Pick<JobSpec, "user">, reader: Reader): boolean =>
  reader.user === null || reader.user === owner.user;
