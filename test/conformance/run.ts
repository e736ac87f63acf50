/**
 * `npm run conformance`: runs the checks of protocol §6, against the fake in each version it plays or, with COMFY_URL,
 * against a real ComfyUI. A line per check; exit code 0: all as it should be, 1: a check failed, 2: could not run.
 */
import { parseArgs } from "node:util";
import { CHECKS } from "./checks/index.ts";
import { type Check, type Outcome, runCheck } from "./support/check.ts";
import { FAKE_VERSIONS, findRealServer, type Target } from "./support/target.ts";

const HELP = `npm run conformance -- [options]

Without COMFY_URL the checks run against the built-in fake, in the versions ${FAKE_VERSIONS.join(", ")}.
With COMFY_URL=http://host:8188 they run against that ComfyUI; COMFY_HEADERS='{"name": "value"}' goes with each request.

  --only 37,44       these checks alone
  --version 0.27.0   the fake in this version alone
  --list             what the checks are, and what they need
  --exclusive        nobody else uses the server: it may be interrupted, its queue cleared, its cache emptied, sent 100 MB
  --checkpoint NAME  run the checks that sample, with this checkpoint

A real server gets about 90 small prompts, one of them ahead of the queue; they are interrupted, and deleted from queue and
history, by their own ids alone. What stays: small pictures under "conformance/" in its output folder, uploads and previews
in its temp folder, and a cache that has forgotten what it held, as after any other prompt. Run it while nobody else works
there: checks that count events would miscount, and those that keep a prompt running would keep others waiting.`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    version: { type: "string" },
    list: { type: "boolean", default: false },
    exclusive: { type: "boolean", default: false },
    checkpoint: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});

function fail(reason: string): never {
  console.error(reason);
  process.exit(2);
}

function chosenChecks(): readonly Check[] {
  if (values.only === undefined) return CHECKS;
  return values.only.split(",").map((number) => {
    return CHECKS.find((check) => check.number === Number(number)) ?? fail(`There is no check ${number}.`);
  });
}

function readHeaders(): Record<string, string> {
  try {
    const headers: unknown = JSON.parse(process.env.COMFY_HEADERS ?? "{}");
    if (typeof headers === "object" && headers !== null && !Array.isArray(headers)) {
      return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    }
  } catch {
    // Said below.
  }
  return fail("COMFY_HEADERS must be a JSON object of headers.");
}

async function chosenTargets(): Promise<readonly Target[]> {
  const url = process.env.COMFY_URL;
  if (url !== undefined && url !== "") {
    const endpoint = { url: url.replace(/\/+$/, ""), headers: readHeaders() };
    const { exclusive, checkpoint } = values;
    return [await findRealServer(endpoint, { exclusive, checkpoint }).catch((error) => fail(String(error)))];
  }
  const versions = FAKE_VERSIONS.filter((version) => values.version === undefined || values.version === version);
  if (versions.length === 0) fail(`The fake plays ${FAKE_VERSIONS.join(", ")}, not ${values.version}.`);
  return versions.map((version) => ({ type: "fake", version }));
}

function line(check: Check, { result, ms, reason }: Outcome): string {
  const number = String(check.number).padStart(2);
  const time = result === "pass" || result === "fail" ? `${ms} ms`.padStart(8) : "".padStart(8);
  return `${number}  ${result.padEnd(9)}${time}  ${check.title}${reason === "" ? "" : `\n${" ".repeat(23)}${reason}`}`;
}

function summary(name: string, outcomes: readonly Outcome[]): string {
  const count = (result: Outcome["result"]) => outcomes.filter((outcome) => outcome.result === result).length;
  const left = [`${count("n/a")} not applicable`, `${count("fake only")} for the fake only`];
  const fine = outcomes.length - count("fail");
  return `${name}: ${fine} of ${outcomes.length}${fine === count("pass") ? "" : ` (${left.join(", ")})`}`;
}

if (values.help || values.list) {
  console.log(values.help ? HELP : "");
  for (const { number, title, needs = "" } of values.list ? CHECKS : []) {
    console.log(`${String(number).padStart(2)}  ${needs.padEnd(9)}  ${title}`);
  }
  process.exit(0);
}

const summaries: string[] = [];
let failed = false;
for (const target of await chosenTargets()) {
  const name = target.type === "fake" ? `fake ${target.version}` : `${target.facts.url} (${target.facts.version})`;
  console.log(`\n${name}`);
  const outcomes: Outcome[] = [];
  for (const check of chosenChecks()) {
    const outcome = await runCheck(check, target);
    outcomes.push(outcome);
    console.log(line(check, outcome));
  }
  failed ||= outcomes.some(({ result }) => result === "fail");
  summaries.push(summary(name, outcomes));
}
console.log(`\n${summaries.join("\n")}`);
process.exit(failed ? 1 : 0);
