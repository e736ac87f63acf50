/**
 * `npm run demo`: the main job from end to end. Starts the Worker with the built-in fake ComfyUI (or the one at
 * COMFY_URL), submits a job over HTTP, draws its progress, prints the live link, saves the result under out/.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { CreatedJob } from "./local/api.ts";
import { api, followJob } from "./local/api.ts";
import { ensureBuild } from "./local/ensure-build.ts";
import { type Host, startHost } from "./local/host.ts";
import { ProgressLine } from "./local/progress-line.ts";
import { comfyHeaders, localSettings, stateFolder } from "./local/settings.ts";

/** The fake takes about as long as a fast GPU, so that there is something to watch. */
const DEMO_FAKE = JSON.stringify({ stepMs: 130, nodeMs: 60, loadMs: 500 });

const { values: options } = parseArgs({
  options: {
    prompt: { type: "string", default: "a lighthouse in fog, oil on canvas" },
    image: { type: "string" },
    workflow: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});

const fail = (message: string): never => {
  console.error(message);
  process.exit(1);
};

if (options.image && !existsSync(options.image)) fail(`There is no file ${options.image}.`);
const { key, vars } = await localSettings();
await ensureBuild();
const host = await startHost({ persistTo: stateFolder("demo"), vars: { FAKE_OPTIONS: DEMO_FAKE, ...vars } });
let code = 1;
try {
  code = await demo(host);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
} finally {
  await host.dispose();
}
process.exit(code);

async function demo({ url }: Host): Promise<number> {
  const call = api(url, key);
  const upload = options.image ? await call.upload(readFileSync(options.image)) : null;
  const { workflow, inputs } = await chooseWorkflow(upload?.id ?? null);
  const job: CreatedJob = await call.create({ workflow, inputs, share: { label: "demo" } });
  const link = job.new_share?.url ?? fail("The service gave no live link.");
  console.log(`Job ${job.id} (${workflow}, seed ${job.seed})`);
  const page = await fetch(link);
  console.log(`Watch it: ${link} (the page answered ${page.status})\n`);
  const line = new ProgressLine(process.stdout);
  const end = await followJob(url, key, job.id, (event) => line.show(event));
  line.end();
  if (end.status !== "succeeded") {
    console.log(
      `${end.status}: ${end.error?.user_message ?? end.headline} (${end.error?.message ?? "no further detail"})`,
    );
    return 1;
  }
  mkdirSync("out", { recursive: true });
  for (const output of end.outputs) {
    if (output.url === null) {
      console.log(output.text ?? "");
      continue;
    }
    const file = `out/${end.id}-${output.index + 1}.${output.name.split(".").at(-1)}`;
    const bytes = new Uint8Array(await (await fetch(output.url)).arrayBuffer());
    writeFileSync(file, bytes);
    console.log(`Saved ${file} (${output.width}×${output.height}, ${bytes.byteLength} bytes, ${output.content_type})`);
  }
  return 0;
}

/** What to run: on a real ComfyUI with its first checkpoint, or without one the workflow that needs none. */
async function chooseWorkflow(uploadId: string | null): Promise<{ workflow: string; inputs: Record<string, unknown> }> {
  const named = options.workflow ?? (uploadId ? "img2img" : "txt2img");
  if (named === "demo") return { workflow: named, inputs: {} };
  const inputs: Record<string, unknown> = { prompt: options.prompt, ...(uploadId ? { image: uploadId } : {}) };
  const comfyUrl = process.env.COMFY_URL;
  if (!comfyUrl) return { workflow: named, inputs };
  const answer = await fetch(`${comfyUrl.replace(/\/+$/, "")}/models/checkpoints`, { headers: comfyHeaders() }).catch(
    () => fail(`ComfyUI does not answer at ${comfyUrl}.`),
  );
  const [checkpoint] = answer.ok ? ((await answer.json()) as string[]) : [];
  if (checkpoint !== undefined) return { workflow: named, inputs: { ...inputs, checkpoint } };
  if (uploadId) return fail("This ComfyUI has no checkpoint, and img2img needs one.");
  console.log("This ComfyUI has no checkpoint: running the workflow that needs none.");
  return { workflow: "demo", inputs: {} };
}
