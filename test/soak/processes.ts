/** The workerd processes that this process has started, and the memory they take. Read from `ps` and /proc. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Their process ids. */
export function workerdPids(): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" });
  return table.split("\n").flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(parent) === process.pid && command?.includes("workerd") ? [Number(pid)] : [];
  });
}

/** Megabytes of memory that a process holds now; Linux only. */
export function residentMb(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return (pages * 4096) / 1e6;
}
