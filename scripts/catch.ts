/** `npm run catch`: a webhook receiver on this machine that verifies and shows what it gets, until Ctrl-C. */
import { parseArgs } from "node:util";
import { readKey, readSecret } from "../src/core/webhook/secrets.ts";
import { startCatcher } from "./local/catcher.ts";

const HELP = `npm run catch -- [options]

  --secret whsec_…    the webhook's secret, or its whpk_… key; can be given several times.
                      WEBHOOK_SECRET does the same and stays out of the list of processes.
  --port 9000         where to listen (PORT)
  --host 127.0.0.1    on which address (HOST)
  --status 500        answer this instead of 204
  --delay-ms 20000    answer so late
  --fail-first 2      let each event fail so many times first
`;

const { values: options } = parseArgs({
  options: {
    secret: { type: "string", multiple: true, default: [] },
    port: { type: "string", default: process.env.PORT ?? "9000" },
    host: { type: "string", default: process.env.HOST ?? "127.0.0.1" },
    status: { type: "string" },
    "delay-ms": { type: "string", default: "0" },
    "fail-first": { type: "string", default: "0" },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const secrets = [...options.secret, ...(process.env.WEBHOOK_SECRET ?? "").split(/[\s,]+/)].filter(
  (text) => text !== "",
);
for (const secret of secrets) if (!secret.startsWith("whpk_")) checkSecret(secret);
for (const key of secrets.filter((text) => text.startsWith("whpk_"))) {
  if (readKey("whpk_", key)?.length !== 32) stop("The public key must be whpk_ and the base64 of 32 bytes.");
}

const port = whole("port", options.port, 0, 65_535);
const catcher = await startCatcher({
  port,
  host: options.host,
  secrets,
  ...(options.status === undefined ? {} : { status: whole("status", options.status, 200, 599) }),
  delayMs: whole("delay-ms", options["delay-ms"], 0, 600_000),
  failFirst: whole("fail-first", options["fail-first"], 0, 1_000),
  colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  print: (text) => console.log(text),
}).catch((error: unknown) => {
  const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  return stop(taken ? `Port ${port} is taken. Choose another: npm run catch -- --port 9001` : String(error));
});

const end = async () => {
  await catcher.close();
  process.exit(0);
};
process.once("SIGINT", () => void end());
process.once("SIGTERM", () => void end());

console.log(`Webhooks sent to ${catcher.url} are shown here. Ctrl-C stops.`);
if (secrets.length === 0) console.log("Nothing is verified: give the endpoint's secret with WEBHOOK_SECRET=whsec_…");
console.log();

function checkSecret(text: string): void {
  const secret = readSecret(text);
  if (!secret.ok) stop(`The secret ${secret.error}.`);
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : stop(`--${name} must be a whole number from ${min} to ${max}.`);
}

function stop(message: string): never {
  console.error(message);
  process.exit(1);
}
