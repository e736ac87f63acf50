/** What a soak found, and how it is told. */
import type { Violation } from "./job-life.ts";

/** A job that broke a promise, with all that is known of it. */
export type FailedJob = { number: number; id: string; kind: string; violations: Violation[]; story: string[] };

export type SoakReport = {
  seed: number;
  seconds: number;
  accepted: number;
  ended: number;
  /** How many jobs were ended as what. */
  outcomes: Record<string, number>;
  /** How many faults of each kind were injected. */
  faults: Record<string, number>;
  watched: { viewers: number; connections: number; durable: number };
  restarts: number;
  repeatedCalls: number;
  /** The job that took longest from acceptance to end. */
  slowest: { number: number; ms: number };
  failed: FailedJob[];
  /** What is wrong with what is left behind. */
  rest: string[];
};

/** Violations of one kind, over all jobs. */
export const countOf = (report: SoakReport, kind: Violation["kind"]): number =>
  report.failed.flatMap(({ violations }) => violations).filter((one) => one.kind === kind).length;

/** Whether all promises were kept. */
export const isClean = (report: SoakReport): boolean => report.failed.length === 0 && report.rest.length === 0;

const listed = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");

/** The summary in a few lines. */
export function summaryOf(report: SoakReport): string {
  const { accepted, ended, seconds, watched } = report;
  const broken = countOf(report, "broken") + report.rest.length;
  return [
    `seed ${report.seed}: ${accepted} accepted, ${ended} ended in ${seconds.toFixed(0)} s (${(ended / seconds).toFixed(1)} a second, slowest job ${report.slowest.number}: ${(report.slowest.ms / 1000).toFixed(1)} s)`,
    `outcomes: ${listed(report.outcomes)}`,
    `faults: ${listed(report.faults) || "none"}; Worker restarts ${report.restarts}, calls made again ${report.repeatedCalls}`,
    `viewers: ${watched.viewers} over ${watched.connections} connections, ${watched.durable} durable events checked`,
    `${countOf(report, "lost")} lost, ${countOf(report, "stuck")} stuck, ${countOf(report, "duplicated")} duplicated, ${broken} other promises broken`,
  ].join("\n");
}

/** Everything about what failed. */
export function failuresOf(report: SoakReport): string {
  const jobs = report.failed.map(({ number, id, kind, violations, story }) =>
    [
      `job ${number} (${kind}, ${id}):`,
      ...violations.map((one) => `  ${one.kind}: ${one.words}`),
      ...story.map((line) => `    ${line}`),
    ].join("\n"),
  );
  return [...jobs, ...report.rest.map((line) => `left behind: ${line}`)].join("\n");
}
