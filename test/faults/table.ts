/** The suite's table: a line per case and state, what was measured, and why some rows are not there. */
import type { Expected, FaultCase, State } from "./case.ts";
import type { RowResult } from "./play.ts";

/** A row to play, and one that was played. */
export type Row = { fault: FaultCase; state: State; expected: Expected };
export type Played = Row & { result: RowResult };

const WIDTHS = [42, 15, 6, 9, 10] as const;

function line(cells: readonly string[], last: string): string {
  return cells.map((cell, index) => cell.padEnd(WIDTHS[index] ?? 10)).join("") + last;
}

/** The head of the table. */
export const HEAD = line(["case", "state", "", "seconds", "recovery"], "outcome");

/** One row; `recovery` is the time from the end of execution, or the return of what was away, to the terminal event. */
export function rowLine({ fault, state, expected, result }: Played): string {
  const { endSeconds, recoveryMs, problems, outcome } = result;
  const cells = [
    fault.name,
    state,
    problems.length === 0 ? "ok" : "FAIL",
    endSeconds === null ? "-" : endSeconds.toFixed(1),
    recoveryMs === null || expected.status !== "succeeded" ? "-" : `${recoveryMs} ms`,
  ];
  return [line(cells, outcome), ...problems.map((problem) => `    ${problem}`)].join("\n");
}

/** The cells that are not played, with their reasons: faults that share states and reason share an entry. */
export function leftOut(faults: readonly FaultCase[]): string[] {
  const entries = new Map<string, string[]>();
  for (const fault of faults) {
    const byReason = new Map<string, State[]>();
    for (const [state, cell] of Object.entries(fault.cells) as [State, Expected | string][]) {
      if (typeof cell === "string") byReason.set(cell, [...(byReason.get(cell) ?? []), state]);
    }
    for (const [reason, states] of byReason) {
      const entry = `${states.join(", ")}: ${reason}`;
      entries.set(entry, [...(entries.get(entry) ?? []), fault.name]);
    }
  }
  return [...entries].map(([entry, names]) => {
    return `${entry}\n    ${names.length === faults.length ? "all faults" : names.join("; ")}`;
  });
}

/** A figure that design and documentation promise. */
type Budget = { name: string; budgetMs: number; measure(row: Played): number | null };

const after = (prefix: string, measured: (row: Played) => number | null) => (row: Played) =>
  row.fault.name.startsWith(prefix) && row.expected.status === "succeeded" ? measured(row) : null;

const BUDGETS: readonly Budget[] = [
  {
    name: "socket cut: end of execution to the result",
    budgetMs: 1_000,
    measure: after("socket cut", ({ result }) => result.recoveryMs),
  },
  {
    name: "socket silent: noticed",
    budgetMs: 10_000,
    measure: after("socket silent", ({ result }) => result.noticeMs),
  },
  {
    name: "Worker restarted: back (and execution over) to the result",
    budgetMs: 5_000,
    measure: after("Worker killed", ({ result }) => result.recoveryMs),
  },
];

/** The budgets of the suite with the worst figure of this run. They are measured, never part of pass or fail. */
export function budgets(played: readonly Played[]): string[] {
  return BUDGETS.flatMap(({ name, budgetMs, measure }) => {
    const figures = played.map(measure).filter((ms) => ms !== null);
    if (figures.length === 0) return [];
    const worst = Math.max(...figures);
    const verdict = worst <= budgetMs ? "within" : "OVER";
    return [`${name.padEnd(60)}worst of ${figures.length}: ${worst} ms, budget ${budgetMs} ms: ${verdict}`];
  });
}

/** The table of docs/reliability.md: a row per fault with the worst figures over all states in which it was played. */
export function markdown(faults: readonly FaultCase[], played: readonly Played[]): string[] {
  const rows = faults.flatMap((fault) => {
    const own = played.filter((row) => row.fault === fault);
    if (own.length === 0) return [];
    const ends = [...new Set(own.map(({ expected }) => endWords(expected)))].join("; ");
    const recoveries = own.flatMap(({ expected, result }) =>
      expected.status === "succeeded" && result.recoveryMs !== null ? [result.recoveryMs] : [],
    );
    const recovery = recoveries.length === 0 ? "-" : `${(Math.max(...recoveries) / 1000).toFixed(1)} s`;
    const longest = Math.max(...own.map(({ result }) => result.endSeconds ?? 0)).toFixed(1);
    return [`| ${fault.name} | ${own.map(({ state }) => state).join(", ")} | ${ends} | ${longest} s | ${recovery} |`];
  });
  return ["| fault | in state | end | fault to end | recovery |", "|---|---|---|---|---|", ...rows];
}

function endWords({ status, attempt, error, says }: Expected): string {
  const made = attempt > 1 && status === "succeeded" ? ", made again" : "";
  const said = says.filter((code) => code !== "attempt_retried").map((code) => `\`${code}\``);
  return `${status}${error ? ` \`${error}\`` : ""}${made}${said.length > 0 ? `, said: ${said.join(" ")}` : ""}`;
}
