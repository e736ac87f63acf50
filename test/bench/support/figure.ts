/** What a bench reports: one line per figure, against a baseline of the same run and a budget (docs/benchmarks.md). */

export type Figure = {
  name: string;
  measured: string;
  /** The same thing done bare in the same run, or null where there is nothing to compare with. */
  baseline: string | null;
  /** Ratio to, or difference from, the baseline. */
  compared: string | null;
  budget: string | null;
  /** `info` has no budget; `n/a` cannot be measured on this machine. */
  verdict: "ok" | "OVER" | "info" | "n/a";
};

/** One bench: measures, cleans up after itself, throws only when it cannot run. */
export type Bench = { name: string; run(): Promise<Figure[]> };

/** The `share` quantile (0 to 1) of the values by nearest rank. @throws {Error} without values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error("Nothing was measured.");
  return value;
}

/** A duration or size with its unit, to two decimals where it is small. */
export const amount = (value: number, unit: string): string => `${value.toFixed(Math.abs(value) < 10 ? 2 : 1)} ${unit}`;

/** A figure whose difference from the baseline has a limit, or null for none. */
export function difference(
  name: string,
  measured: number,
  baseline: number,
  limit: number | null,
  unit = "ms",
): Figure {
  const over = measured - baseline;
  return {
    name,
    measured: amount(measured, unit),
    baseline: amount(baseline, unit),
    compared: `${over < 0 ? "" : "+"}${amount(over, unit)}`,
    budget: limit === null ? null : `<= +${limit} ${unit}`,
    verdict: limit === null ? "info" : over <= limit ? "ok" : "OVER",
  };
}

/** A figure whose ratio to the baseline has a limit, or null for none. */
export function ratio(name: string, measured: number, baseline: number, limit: number | null, unit = "ms"): Figure {
  const times = measured / baseline;
  return {
    name,
    measured: amount(measured, unit),
    baseline: amount(baseline, unit),
    compared: `${times.toFixed(2)}x`,
    budget: limit === null ? null : `<= ${limit}x`,
    verdict: limit === null ? "info" : times <= limit ? "ok" : "OVER",
  };
}

/** A figure that stands for itself, under a limit. The baseline, where given, is for comparison only. */
export function limited(
  name: string,
  measured: number,
  limit: number,
  unit: string,
  baseline: number | null = null,
): Figure {
  return {
    name,
    measured: amount(measured, unit),
    baseline: baseline === null ? null : amount(baseline, unit),
    compared: baseline === null ? null : `${measured < baseline ? "" : "+"}${amount(measured - baseline, unit)}`,
    budget: `<= ${limit} ${unit}`,
    verdict: measured <= limit ? "ok" : "OVER",
  };
}
