/** What the server tells about itself, and the jobs API (protocol §1.7, §1.10). */
import type { Check } from "../support/check.ts";
import { hasKeys, holds, keys, same } from "../support/expect.ts";
import { preview } from "../support/graphs.ts";
import type { ConformanceServer } from "../support/server.ts";

const SYSTEM = ["os", "ram_total", "ram_free", "comfyui_version", "python_version", "pytorch_version", "argv"];
const DEVICE = ["name", "type", "index", "vram_total", "vram_free", "torch_vram_total", "torch_vram_free"];
const CLASS = ["input", "input_order", "output", "output_is_list", "output_name", "name", "display_name"];
const MORE = ["description", "python_module", "category", "output_node"];

interface Info {
  readonly system: { readonly os: string };
  readonly devices: readonly unknown[];
}

async function shapes(server: ConformanceServer): Promise<void> {
  const { system, devices } = (await server.call<Info>("GET", "/system_stats")).body;
  hasKeys(system, [...SYSTEM, "required_frontend_version", "embedded_python"], "system");
  keys(devices[0], DEVICE, "a device");
  const os = server.since("0.4.0") ? ["linux", "win32", "darwin"] : ["posix", "nt"];
  holds(os.includes(system.os), `os is one of ${os}`, system.os);
  hasKeys(system, server.since("0.22.0") ? ["comfy_package_versions"] : [], "system");
  hasKeys(system, server.since("0.25.0") ? ["deploy_environment"] : [], "system");
  const { body: features } = await server.call<Record<string, unknown>>("GET", "/features");
  same([features.supports_preview_metadata, typeof features.max_upload_size], [true, "number"], "features");
  for (const [release, flag] of [
    ["0.4.0", "extension"],
    ["0.14.0", "node_replacements"],
    ["0.17.0", "assets"],
  ]) {
    same(flag !== undefined && flag in features, server.since(release ?? ""), `the flag ${flag}`);
  }
  const info = (await server.call<Record<string, unknown>>("GET", "/object_info/SaveImage")).body;
  keys(info, ["SaveImage"], "object_info of a class");
  hasKeys(info.SaveImage, [...CLASS, ...MORE], "a class");
  hasKeys(info.SaveImage, server.since("0.23.0") ? ["has_intermediate_output"] : [], "a class");
  const unknown = await server.call("GET", "/object_info/NoSuchClass");
  same([unknown.status, unknown.text], [200, "{}"], "object_info of an unknown class");
  const lists = await Promise.all(
    ["/models", "/models/checkpoints", "/embeddings"].map((at) => server.call("GET", at)),
  );
  for (const { body, text } of lists) holds(Array.isArray(body), "a list", text);
  same((await server.call("GET", "/models/no-such-folder")).status, 404, "an unknown model folder");
}

const JOB = ["id", "status", "priority", "outputs_count"];

async function jobs(server: ConformanceServer): Promise<void> {
  if (!server.since("0.6.0")) return same((await server.call("GET", "/api/jobs")).status, 404, "GET /api/jobs");
  const client = await server.open();
  const done = await client.run(server.quick(), { extra_data: { extra_pnginfo: { workflow: { id: "w-1" } } } });
  const held = await server.hold();
  const waiting = (await client.submit(server.quick())).body.prompt_id;
  const job = async (id: string) => await server.call("GET", `/api/jobs/${id}`);
  const statuses = await Promise.all([done, held.promptId, waiting].map(async (id) => (await job(id)).body.status));
  same(statuses, ["completed", "in_progress", "pending"], "three statuses");
  const whole = (await job(done)).body;
  hasKeys(whole, [...JOB, "create_time", "execution_start_time", "execution_end_time"], "a finished job");
  hasKeys(whole, ["preview_output", "outputs", "execution_status", "workflow", "workflow_id"], "a finished job");
  const { status, body } = await server.call("GET", "/api/jobs?limit=1&offset=-5&sort_order=desc");
  same([status, body.jobs.length], [200, 1], "a page of one");
  keys(body.pagination, ["offset", "limit", "total", "has_more"], "pagination");
  same([body.pagination.offset, body.pagination.limit], [0, 1], "offset and limit");
  const mine = (await server.call("GET", "/api/jobs?status=completed&workflow_id=w-1&limit=1")).body.jobs;
  same(mine[0]?.status, "completed", "a job by status and workflow");
  for (const query of ["status=done", "limit=0", "limit=x", "sort_by=name", "sort_order=up"]) {
    const refusal = await server.call<{ error?: string }>("GET", `/api/jobs?${query}`);
    same([refusal.status, typeof refusal.body.error], [400, "string"], query);
  }
  const unknown = await job(crypto.randomUUID());
  same([unknown.status, unknown.body], [404, { error: "Job not found" }], "an unknown job");
  if (server.since("0.26.0")) await cancels(server, held.promptId, waiting);
  else await server.interrupt(held.promptId);
  await held.client.until(() => held.client.ended === 1, "the end");
  same((await job(held.promptId)).body.status, server.since("0.9.0") ? "cancelled" : "failed", "an interrupted job");
  if (server.fake === null) return;
  await client.run(server.quick(), { extra_data: { extra_pnginfo: null } });
  same((await server.call("GET", "/api/jobs")).status, 500, "the list with a null extra_pnginfo in it");
}

async function cancels(server: ConformanceServer, running: string, pending: string): Promise<void> {
  const cancel = (id: string) => server.call("POST", `/api/jobs/${id}/cancel`);
  for (const [id, cancelled] of [
    [pending, true],
    [pending, false],
    ["not-a-uuid", false],
    [running, true],
  ] as const) {
    const { status, body } = await cancel(id);
    same([status, body], [200, { cancelled }], `cancel ${id}`);
  }
  const many = (body: unknown) => server.call<Record<string, unknown>>("POST", "/api/jobs/cancel", body);
  const bad = await many({ job_ids: ["x"] });
  same([bad.status, bad.body.invalid_ids], [400, ["x"]], "cancel with an invalid id");
  same((await many({})).body.error, "job_ids must be a list", "cancel without ids");
  same((await many({ job_ids: [crypto.randomUUID()] })).body, { cancelled: false }, "cancel of an unknown id");
}

async function floatsAndErrors(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const { text, body } = await client.submit(server.quick(), { number: 3_000_000 });
  holds(text.includes('"number": 3000000.0'), "the number in the answer is a float", text);
  await client.until(() => client.ended === 1, "the end");
  const stored = (await server.call("GET", `/history/${body.prompt_id}`)).text;
  holds(stored.includes('"prompt": [3000000.0, '), "the number in history is a float", stored);
  if (!server.since("0.6.0")) return;
  const job = (await server.call("GET", `/api/jobs/${body.prompt_id}`)).text;
  holds(job.includes('"priority": 3000000.0'), "the priority of the job is a float", job);
  const failed = await client.run({ "1": await server.brokenLoad(), "2": preview("1") });
  const list = (await server.call("GET", "/api/jobs?status=failed&sort_order=desc&limit=5")).body.jobs;
  const error = list.find(({ id }) => id === failed)?.execution_error;
  hasKeys(error, ["exception_message", "traceback", "current_inputs", "current_outputs"], "the error in the list");
  holds((error?.traceback.length ?? 0) > 0, "its traceback is there", error?.traceback);
}

/** Checks 29, 30 and 72. */
export const INFO_CHECKS: readonly Check[] = [
  { number: 29, title: "system_stats, features, object_info, models and embeddings have their shapes", run: shapes },
  { number: 30, title: "Jobs: list, one, cancel and refusals, as far as the release has them", run: jobs },
  { number: 72, title: "An explicit number is echoed as a float; jobs list whole errors", run: floatsAndErrors },
];
