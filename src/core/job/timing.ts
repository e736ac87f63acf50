/**
 * Every duration and bound of a job's life, with its reason. Nothing here is a law of nature unless it says so: the
 * rules that use them are in machine.ts and its neighbours.
 */

/** A socket that says nothing of our prompt for this long is doubted: we look by HTTP (budget: noticed <= 10 s). */
export const SILENCE_MS = 9_000;

/** While a run is followed it is looked at this often whether all is well. */
export const WATCH_MS = 4_500;

/**
 * The alarm stands at most this far ahead while anything is under way. An object that was reset sleeps until it goes
 * off, if nobody asks for it; while it is awake its own timers are in time, because each alarm set costs a stored row.
 */
export const BACKSTOP_MS = 5_000;

/** A doubted socket that stays silent this long is replaced: a long model load is silent too, so not at the first doubt. */
export const DEAF_SOCKET_MS = 30_000;

/** Look interval while no trusted socket tells us of the end (budget after a cut: result within 1 s of the end). */
export const POLL_MS = 700;

/** Look interval while the socket is silent but the prompt is known to run or wait. */
export const QUIET_POLL_MS = 2_000;

/** Waits between looks after an end was announced and history has no entry yet: it is written 0.4 to 9 ms later. */
export const END_LOOK_MS = [5, 15, 40, 100, 250, 500] as const;

/** Waits between dials of a lost socket. ComfyUI needs a moment to unregister the old one (protocol P3). */
export const REDIAL_MS = [100, 500, 1_000, 2_000, 4_000, 8_000] as const;

/** How long the history may take to show an end that the socket announced, before an absent prompt counts as lost. */
export const END_PROOF_MS = 30_000;

/** How long socket pictures may take after the history showed the end: they share the socket with all previews. */
export const LAST_PICTURES_MS = 10_000;

/** Bounds of the wait between looks at a backend that does not answer: half as long as it has been silent. */
export const UNREACHABLE_LOOK_MS = { min: 250, max: 4_000 } as const;

/** A backend that answers nothing for this long while it holds our prompt is given up. */
export const BACKEND_GONE_MS = 60_000;

/** Looks that must find a submitted prompt nowhere before it counts as lost (protocol P7: never at the first). */
export const ABSENT_LOOKS = 2;

/** Looks that must find a prompt nowhere before a POST without an answer counts as not received: it may still arrive. */
export const UNKNOWN_POST_LOOKS = 4;

/** A job that waits asks the pool again at this interval: a grant or a place in line that was lost must not strand it. */
export const ASK_AGAIN_MS = 300_000;

/** Wait between two looks that found nothing. */
export const ABSENT_LOOK_MS = 600;

/** A cancel is repeated at this interval until the end is seen: an interrupt can be lost (protocol §1.4). */
export const CANCEL_AGAIN_MS = 1_000;

/** A cancel whose end was not seen for this long is declared: the backend is not answering. */
export const CANCEL_GIVE_UP_MS = 30_000;

/** Leases are renewed at this interval; the pool lets them live three times as long. */
export const RENEW_LEASE_MS = 30_000;

/** Waits between the attempts of one output's way into storage: together as long as a backend may be gone. */
export const STORE_RETRY_MS = [100, 400, 1_500, 4_000, 10_000, 20_000, 30_000] as const;

/** Waits between the attempts of an input's upload to ComfyUI. */
export const UPLOAD_RETRY_MS = [200, 1_000, 3_000] as const;

/** Waits between attempts to reach our own pool object. */
export const POOL_RETRY_MS = [200, 1_000, 5_000, 15_000] as const;

/** Tries to reach our own pool object for a job that is being removed: a lease that is not given back runs out by itself. */
export const LAST_POOL_TRIES = 4;

/** Wait before the index is told that a new job came to be: most jobs have begun by then, and one report says both. */
export const INDEX_CONFIRM_MS = 500;

/** Waits between attempts to reach the project's index; then it is left to the alarm. */
export const INDEX_RETRY_MS = [200, 1_000, 5_000] as const;

/** Wait of the alarm before an index that does not answer is told again. */
export const INDEX_AGAIN_MS = 300_000;

/** Wait before a job whose time is over, but not its webhooks', is looked at again; the end of these is told anyway. */
export const EXPIRE_AGAIN_MS = 3_600_000;

/** Failed dials over which a job goes on without a socket (HTTP answering) or gives its lease back (not answering). */
export const DIALS_BEFORE_BLIND = 2;

/** Times one attempt's prompt may be posted: again only after a POST without an answer that came to nothing. */
export const MAX_SUBMISSIONS = 3;

/** Runs of one job over all backends. */
export const MAX_ATTEMPTS = 2;

/** Leases a job may give back without having run before it says what is wrong instead of trying for ever. */
export const MAX_FRUITLESS_LEASES = 5;

/** In-memory progress reaches storage at most this often (storage rows are the second largest cost of a job). */
export const CHECKPOINT_MS = 10_000;

/** Leases remembered as given back: more than a job can use up, so that a late grant of one is known. */
export const MAX_SPENT_LEASES = 32;

/** Waits before another lease is asked for, by how many were of no use: a backend that is ill gets time to recover. */
export const LEASE_AGAIN_MS = [1_000, 5_000, 15_000, 60_000] as const;

/** Times a cancel is sent when nobody watches the prompt any more. */
export const LAST_CANCEL_TRIES = 3;

/** Results kept of one job. A run that makes more is a fault in the graph. */
export const MAX_OUTPUTS = 256;

/** Characters of text outputs kept of one job, all together. */
export const MAX_TEXT_CHARS = 128 * 1024;

/** The element at `index`, or the last one: waits grow to their last value and stay there. */
export function waitMs(schedule: readonly number[], index: number): number {
  return schedule[Math.max(0, Math.min(index, schedule.length - 1))] ?? 0;
}
