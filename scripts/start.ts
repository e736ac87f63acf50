/** `npm start`: the Worker on this machine, with its pages, until Ctrl-C. */
import { ensureBuild } from "./local/ensure-build.ts";
import { startHost } from "./local/host.ts";
import { localSettings, stateFolder } from "./local/settings.ts";
import { shownLine } from "./local/shown-line.ts";

const port = Number(process.env.PORT ?? 8787);
const { key, isNew, vars } = await localSettings();
await ensureBuild();
const host = await startHost({
  port,
  host: process.env.HOST ?? "127.0.0.1",
  persistTo: stateFolder("start"),
  vars,
  onLog: (line) => console.log(`  ${shownLine(line.trim())}`),
}).catch((error: unknown) => {
  const busy = error instanceof Error && /address already in use/i.test(error.message);
  console.error(busy ? `Port ${port} is taken. Choose another: PORT=8788 npm start` : error);
  process.exit(1);
});

const bearer = isNew ? key : "$(sed -n 's/^EASELCAST_KEY=//p' .dev.vars)";
const backends = vars.COMFY_BACKENDS === undefined ? "the built-in fake ComfyUI" : "the ComfyUI that you named";
console.log(`
Easelcast is at ${host.url}, painting with ${backends}.
${isNew ? `\nYour secret key, shown this once (it is kept in .dev.vars):\n\n  ${key}\n` : "\nYour secret key is in .dev.vars.\n"}
Try it:

  curl -s ${host.url}/v1/jobs -H "Authorization: Bearer ${bearer}" \\
    -H "Content-Type: application/json" -H "Prefer: wait" \\
    -d '{"workflow":"txt2img","inputs":{"prompt":"a lighthouse in fog"},"share":{}}'

The answer's new_share.url is a page that anyone can watch. ${host.url}/docs shows the rest. Ctrl-C stops.
`);

const stop = async () => {
  await host.dispose();
  process.exit(0);
};
process.once("SIGINT", () => void stop());
process.once("SIGTERM", () => void stop());
