/** The outcome of something whose failure is expected and is part of its contract. */
export type Result<T, E> = { ok: true; value: T } | { ok: false; error: E };

/** A success. */
export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

/** An expected failure. */
export const err = <E>(error: E): { ok: false; error: E } => ({ ok: false, error });
