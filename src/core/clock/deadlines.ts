/** Many named deadlines, one platform alarm: which time the alarm is to be set to. */

/** The earliest of the deadlines, or null where there is none. */
export function nextAlarm(
  deadlines: Readonly<Record<string, number | undefined>>,
  extra: readonly (number | null)[] = [],
): number | null {
  const times = [...Object.values(deadlines), ...extra].filter((at): at is number => typeof at === "number");
  return times.length === 0 ? null : Math.min(...times);
}
