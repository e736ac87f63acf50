/** Lints the built OpenAPI document by redocly.yaml; `npm run check` runs it after the build. Asks nothing of the network. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

type Report = { problems: { ruleId: string; message: string; location?: { pointer?: string }[] }[] };

/** What is wrong with a document, one line each; warnings too: what may stay is switched off by name in redocly.yaml. */
export function lint(file: string): string[] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [`${root}node_modules/@redocly/cli/bin/cli.js`, "lint", file, `--config=${root}redocly.yaml`, "--format=json"],
    {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true", NO_COLOR: "1" },
    },
  );
  if (!stdout.trimStart().startsWith("{")) throw new Error(`The linter did not run: ${stderr.slice(0, 1000)}`);
  const { problems } = JSON.parse(stdout) as Report;
  return problems.map(({ ruleId, message, location }) => `${location?.[0]?.pointer ?? "#"} ${ruleId}: ${message}`);
}

if (import.meta.filename === process.argv[1]) {
  const problems = lint(`${root}dist/public/openapi.json`);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
}
