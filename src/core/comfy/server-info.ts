/**
 * What a server says about itself: version and memory (/system_stats), flags (/features) and node classes
 * (/object_info), protocol §1.10. Command lines, paths and tooltips are dropped here.
 */
import * as z from "zod";
import { err, ok, type Result } from "../util/result.ts";
import { FlagSchema, OptionalNumberSchema, OptionalTextSchema } from "./fields.ts";
import { isRecord } from "./json.ts";
import { FeatureFlagsSchema } from "./messages.ts";
import { type ReplyError, readRecord, readReply } from "./replies.ts";
import { type ComfyVersion, parseVersion } from "./version.ts";

/** A device that can compute. On a CPU the VRAM figures are those of the RAM. */
export type ComfyDevice = {
  readonly name: string | null;
  readonly type: string | null;
  readonly vramTotalBytes: number | null;
  readonly vramFreeBytes: number | null;
};

/** A server's version, system and memory. */
export type SystemStats = {
  /** Null if the server gives none that can be read. */
  readonly version: ComfyVersion | null;
  readonly versionText: string | null;
  readonly os: string | null;
  readonly ramTotalBytes: number | null;
  readonly ramFreeBytes: number | null;
  readonly devices: readonly ComfyDevice[];
};

/** The server's flags that matter to us. */
export type ServerFeatures = { readonly supportsPreviewMetadata: boolean; readonly maxUploadBytes: number | null };

/** What we need to know of a node class. */
export type NodeClass = {
  /** Its nodes can be what a prompt is run for. */
  readonly outputNode: boolean;
  /** Its nodes are announced by `executed` even when cached (protocol §2.6). */
  readonly hasIntermediateOutput: boolean;
  readonly requiredInputs: readonly string[];
  readonly optionalInputs: readonly string[];
};

const MAX_DEVICES = 64;

const SystemSchema = z.object({
  comfyui_version: OptionalTextSchema,
  os: OptionalTextSchema,
  ram_total: OptionalNumberSchema,
  ram_free: OptionalNumberSchema,
});

const DeviceSchema = z.object({
  name: OptionalTextSchema,
  type: OptionalTextSchema,
  vram_total: OptionalNumberSchema,
  vram_free: OptionalNumberSchema,
});

const SystemStatsSchema = z.object({ system: SystemSchema, devices: z.array(z.unknown()).catch([]) });

/** Reads GET /system_stats. */
export function parseSystemStats(status: number, body: string): Result<SystemStats, ReplyError> {
  const reply = readReply(status, body);
  if (!reply.ok) return reply;
  const parsed = SystemStatsSchema.safeParse(reply.value);
  if (!parsed.success) return err("malformed");
  const { system, devices } = parsed.data;
  return ok({
    version: system.comfyui_version === null ? null : parseVersion(system.comfyui_version),
    versionText: system.comfyui_version,
    os: system.os,
    ramTotalBytes: system.ram_total,
    ramFreeBytes: system.ram_free,
    devices: devices.slice(0, MAX_DEVICES).flatMap((item) => {
      const device = DeviceSchema.safeParse(item).data;
      if (!device) return [];
      const { name, type, vram_total: vramTotalBytes, vram_free: vramFreeBytes } = device;
      return [{ name, type, vramTotalBytes, vramFreeBytes }];
    }),
  });
}

/** Reads GET /features. */
export function parseFeatures(status: number, body: string): Result<ServerFeatures, ReplyError> {
  const reply = readReply(status, body);
  if (!reply.ok) return reply;
  const parsed = FeatureFlagsSchema.safeParse(reply.value);
  if (!parsed.success) return err("malformed");
  const { supports_preview_metadata: supportsPreviewMetadata, max_upload_size: size } = parsed.data;
  return ok({ supportsPreviewMetadata, maxUploadBytes: size === null ? null : Math.floor(size) });
}

const NodeClassSchema = z.object({
  output_node: FlagSchema,
  has_intermediate_output: FlagSchema,
  input: z.object({ required: z.unknown(), optional: z.unknown() }).partial().catch({}),
});

/** Reads GET /object_info or /object_info/{class}, by class. An unknown class is just not in it. */
export function parseObjectInfo(status: number, body: string): Result<ReadonlyMap<string, NodeClass>, ReplyError> {
  const reply = readRecord(status, body);
  if (!reply.ok) return reply;
  const classes = new Map<string, NodeClass>();
  for (const [className, value] of Object.entries(reply.value)) {
    const parsed = NodeClassSchema.safeParse(value);
    if (!parsed.success) continue;
    classes.set(className, {
      outputNode: parsed.data.output_node,
      hasIntermediateOutput: parsed.data.has_intermediate_output,
      requiredInputs: namesOf(parsed.data.input.required),
      optionalInputs: namesOf(parsed.data.input.optional),
    });
  }
  return ok(classes);
}

const namesOf = (inputs: unknown): string[] => (isRecord(inputs) ? Object.keys(inputs) : []);
