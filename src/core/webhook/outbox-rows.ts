/**
 * The rows of an outbox: one per event, with all its deliveries. A row says what is left to do of it; each step of that
 * can be done twice, so after a crash whatever a row still asks for is simply done again.
 */
import type { AttemptReport, JobTarget, OutgoingEvent, Target } from "./vocabulary.ts";

/** An event on its way. Its body stays with whoever keeps the rows. */
export type OutboxRow = {
  event: Omit<OutgoingEvent, "body">;
  jobTarget: JobTarget | null;
  /** Whether the project has said who gets it. */
  announced: boolean;
  deliveries: OutboxDelivery[];
};

export type OutboxDelivery = Target & {
  /** Attempts so far, of which the results are known. */
  attempts: number;
  /** When the next attempt comes; null where none does. */
  nextAt: number | null;
  /** No attempt follows the next one, whatever comes of it: sent by hand. */
  once: boolean;
  /** Attempts that the project has not heard of, oldest first. */
  untold: AttemptReport[];
};

/** A delivery that is sent by hand, to a receiver that the project has named already. */
export type ByHand = Target & {
  /** Attempts that were made before: the next one is the one after these. */
  attempts: number;
  once: boolean;
};

/** What has to be done, and from when on. `key` names the step: one of a name is under way at a time. */
export type OutboxStep =
  | { type: "announce"; key: string; at: number; eventId: string }
  | { type: "attempt"; key: string; at: number; eventId: string; deliveryId: string; attempt: number; host: string }
  | { type: "report"; key: string; at: number; eventId: string; deliveryId: string };

/** A new event, of which only the project knows who wants it. */
export const newRow = ({ body: _, ...event }: OutgoingEvent, jobTarget: JobTarget | null): OutboxRow => ({
  event,
  jobTarget,
  announced: false,
  deliveries: [],
});

/** All that is left to do, soonest first; nothing for a row that is done with. */
export function stepsOf(rows: Iterable<OutboxRow>): OutboxStep[] {
  return [...rows].flatMap(stepsOfRow).sort((a, b) => a.at - b.at);
}

/** What the project is told or asked is due at any time, whatever a clock says that was set back. */
const ALWAYS = 0;

function stepsOfRow({ event, announced, deliveries }: OutboxRow): OutboxStep[] {
  const eventId = event.id;
  const announce: OutboxStep = { type: "announce", key: `announce:${eventId}`, at: ALWAYS, eventId };
  const others = deliveries.flatMap((delivery): OutboxStep[] => {
    const { deliveryId, nextAt, url } = delivery;
    const steps: OutboxStep[] = [];
    if (delivery.untold.length > 0)
      steps.push({ type: "report", key: `report:${deliveryId}`, at: ALWAYS, eventId, deliveryId });
    if (nextAt === null) return steps;
    const attempt = delivery.attempts + 1;
    const host = hostOf(url);
    return [
      ...steps,
      { type: "attempt", key: `attempt:${deliveryId}`, at: nextAt, eventId, deliveryId, attempt, host },
    ];
  });
  return announced ? others : [announce, ...others];
}

/** The project has named the receivers. Said twice, it changes nothing. */
export function announced(row: OutboxRow, targets: readonly Target[]): OutboxRow {
  const { at } = row.event;
  const fresh = targets.filter((target) => !row.deliveries.some((known) => known.deliveryId === target.deliveryId));
  const added = fresh.map(
    (target): OutboxDelivery => ({ ...target, attempts: 0, nextAt: at, once: false, untold: [] }),
  );
  return { ...row, announced: true, deliveries: [...row.deliveries, ...added] };
}

/** Sends by hand: at once, also where an attempt was to come later or none was. */
export function sentByHand(row: OutboxRow, byHand: readonly ByHand[], now: number): OutboxRow {
  const known = row.deliveries;
  const again = byHand.map((one): OutboxDelivery => {
    const old = known.find(({ deliveryId }) => deliveryId === one.deliveryId);
    return { ...one, attempts: Math.max(one.attempts, old?.attempts ?? 0), nextAt: now, untold: old?.untold ?? [] };
  });
  const others = known.filter((old) => !again.some(({ deliveryId }) => deliveryId === old.deliveryId));
  return { ...row, deliveries: [...others, ...again] };
}

/** An attempt has ended so. One whose result is known already changes nothing. */
export function attempted(row: OutboxRow, report: AttemptReport): OutboxRow {
  return withDelivery(row, report.deliveryId, (delivery) => {
    if (report.attempt <= delivery.attempts) return delivery;
    const { attempt, nextAt } = report;
    return { ...delivery, attempts: attempt, nextAt, untold: [...delivery.untold, report] };
  });
}

/** The project has heard of an attempt. */
export function told(
  row: OutboxRow,
  { deliveryId, attempt }: Pick<AttemptReport, "deliveryId" | "attempt">,
): OutboxRow {
  return withDelivery(row, deliveryId, (delivery) => ({
    ...delivery,
    untold: delivery.untold.filter((report) => report.attempt !== attempt),
  }));
}

/** Whether nothing is left to do. */
export const isDone = (row: OutboxRow): boolean => stepsOfRow(row).length === 0;

function withDelivery(
  row: OutboxRow,
  deliveryId: string,
  change: (delivery: OutboxDelivery) => OutboxDelivery,
): OutboxRow {
  return { ...row, deliveries: row.deliveries.map((one) => (one.deliveryId === deliveryId ? change(one) : one)) };
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : "");
