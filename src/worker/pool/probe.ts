/** Asks a backend how it is: `/system_stats`, the one call that tells ComfyUI from a stranger on its port. */
import { getSystemStats } from "../../core/comfy/requests.ts";
import { parseSystemStats } from "../../core/comfy/server-info.ts";
import type { Backend } from "../../core/pool/backend.ts";
import { err, ok, type Result } from "../../core/util/result.ts";
import { comfyFetch } from "../comfy/comfy-fetcher.ts";
import { callComfy } from "../comfy/comfy-http.ts";

const PROBE_TIMEOUT_MS = 4_000;

/** ComfyUI's version (null if it hides it), or in words why it is not there; for the owner's eyes. */
export async function probe(env: Env, backend: Backend): Promise<Result<string | null, string>> {
  const reply = await callComfy(comfyFetch(env, backend), getSystemStats(), undefined, PROBE_TIMEOUT_MS);
  if (!reply.ok) return err(reply.error.kind === "timeout" ? "It did not answer in time." : "It cannot be reached.");
  const { status, body } = reply.value;
  if (status === 401 || status === 403) return err(`It answered ${status}: check the headers configured for it.`);
  if (status !== 200) return err(`It answered ${status}: the tunnel or the server behind it is down.`);
  const stats = parseSystemStats(status, body);
  return stats.ok ? ok(stats.value.versionText) : err("Something answers there, but it is not ComfyUI.");
}
