/**
 * `npm run faults`: plays every fault in every state of a job, on several Workers side by side, and prints a table. Exit
 * code 0: every row as expected; 1: a row failed; 2: could not run.
 */
import { parseArgs } from "node:util";
import { ensureBuild } from "../../scripts/local/ensure-build.ts";
import { startChild } from "../bench/support/child.ts";
import { STATES, type State } from "./case.ts";
import { CASES } from "./cases/index.ts";
import type { LaneAsk } from "./lane.ts";
import type { RowResult } from "./play.ts";
import { budgets, HEAD, leftOut, markdown, type Played, type Row, rowLine } from "./table.ts";

const HELP = `npm run faults -- [options]

Plays faults of ComfyUI, of the way to it and of the service itself against the built Worker, each in each state of a job.

  --case "socket cut"   cases whose name contains this
  --state collecting    this state alone: ${STATES.join(", ")}
  --parallel 6          Workers side by side; most of the time they wait
  --markdown            the table of docs/reliability.md at the end
  --list                what would be played, and what is left out with the reason`;

const { values } = parseArgs({
  options: {
    case: { type: "string", default: "" },
    state: { type: "string" },
    parallel: { type: "string", default: "6" },
    markdown: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}

const isState = (name: string): name is State => STATES.some((state) => state === name);
const { state: onlyState } = values;
if (onlyState !== undefined && !isState(onlyState)) refuse(`There is no state ${onlyState}: ${STATES.join(", ")}.`);
const lanes = Number(values.parallel);
if (!(Number.isInteger(lanes) && lanes > 0)) refuse("--parallel takes a whole number from 1.");

const faults = CASES.filter(({ name }) => name.includes(values.case));
const rows: Row[] = faults.flatMap((fault) =>
  STATES.flatMap((state) => {
    const expected = fault.cells[state];
    const chosen = onlyState === undefined || onlyState === state;
    return chosen && typeof expected !== "string" ? [{ fault, state, expected }] : [];
  }),
);

if (values.help) {
  console.log(HELP);
  process.exit(0);
}
if (values.list) {
  for (const { fault, state, expected } of rows) console.log(`${fault.name}: ${state}: ${expected.status}`);
  console.log(`\nleft out\n${leftOut(faults).join("\n")}`);
  process.exit(0);
}
if (rows.length === 0) refuse("No row is left to play.");

const startedAt = Date.now();
await ensureBuild();
console.log(HEAD);
// The long ones first, so that no lane is left with one at the end.
const waiting = [...rows].sort((a, b) => b.expected.withinSeconds - a.expected.withinSeconds);
const played: Played[] = [];

async function runLane(): Promise<void> {
  const lane = startChild(new URL("lane.ts", import.meta.url).href);
  for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
    const ask: LaneAsk = { type: "play", name: row.fault.name, state: row.state };
    const result = await lane.ask<RowResult>(ask);
    const done = { ...row, result };
    played.push(done);
    console.log(rowLine(done));
  }
  await lane.ask({ type: "stop" } satisfies LaneAsk);
  lane.stop();
}

await Promise.all(Array.from({ length: Math.min(lanes, rows.length) }, runLane)).catch((error) =>
  refuse(String(error)),
);

const failed = played.filter(({ result }) => result.problems.length > 0);
const inOrder = rows.flatMap((row) => played.filter(({ fault, state }) => fault === row.fault && state === row.state));
const sections = [
  `left out\n${leftOut(faults).join("\n")}`,
  `budgets\n${budgets(played).join("\n")}`,
  ...(values.markdown ? [markdown(faults, inOrder).join("\n")] : []),
  ...(failed.length > 0 ? [`failed\n${failed.map(rowLine).join("\n")}`] : []),
];
console.log(`\n${sections.join("\n\n")}`);
const seconds = Math.round((Date.now() - startedAt) / 1000);
console.log(`\n${played.length - failed.length} of ${played.length} rows as expected, in ${seconds} s`);
process.exit(failed.length > 0 ? 1 : 0);
