/**
 * Where ComfyUIs are, as configured: full URLs with the headers their tunnels ask for. `fake:` names the built-in fake.
 */
import * as z from "zod";
import { err, ok, type Result } from "../util/result.ts";

/** Prompts handed to one ComfyUI at a time: one runs, one waits, so the GPU never idles (design §6). */
export const DEFAULT_SLOTS = 2;

const BackendSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[\w.-]{1,40}$/, "1 to 40 letters, digits, dots, dashes")
    .optional(),
  url: z
    .string()
    .max(500)
    .refine(
      (url) => /^fake:[\w-]*$/.test(url) || (/^https?:\/\//.test(url) && URL.canParse(url)),
      "an http(s) URL, or fake:name",
    ),
  headers: z.record(z.string().regex(/^[\w-]{1,80}$/), z.string().max(4096)).default({}),
  slots: z.int().min(1).max(16).default(DEFAULT_SLOTS),
});

export type Backend = { id: string; url: string; headers: Record<string, string>; slots: number };

/**
 * Reads the configuration of backends: either URLs separated by commas or spaces, or a JSON array of objects
 * `{url, id?, headers?, slots?}`. The error says what is wrong without quoting headers.
 */
export function parseBackends(text: string): Result<Backend[], string> {
  const trimmed = text.trim();
  if (trimmed === "") return err("COMFY_BACKENDS is empty: give the URL of a ComfyUI, or fake:demo.");
  let raw: unknown;
  if (trimmed.startsWith("[")) {
    try {
      raw = JSON.parse(trimmed);
    } catch {
      return err("COMFY_BACKENDS begins like a JSON array but is not valid JSON.");
    }
  } else {
    raw = trimmed.split(/[\s,]+/).map((url) => ({ url }));
  }
  const parsed = z.array(BackendSchema).min(1).max(64).safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return err(
      `COMFY_BACKENDS${issue?.path.map((part) => `[${String(part)}]`).join("") ?? ""}: ${issue?.message ?? "not valid"}`,
    );
  }
  const backends = parsed.data.map((backend, index) => ({
    ...backend,
    id: backend.id ?? `comfy-${index + 1}`,
    url: backend.url.replace(/\/+$/, ""),
  }));
  const fakes = backends.filter((backend) => backend.url.startsWith("fake:")).length;
  if (fakes > 0 && fakes < backends.length) {
    return err(
      "COMFY_BACKENDS names real servers and the built-in fake: half of the pictures would be fake. Name one kind.",
    );
  }
  const ids = new Set(backends.map((backend) => backend.id));
  return ids.size === backends.length ? ok(backends) : err("COMFY_BACKENDS: two backends have the same id.");
}
