/**
 * The field readers that messages and replies share. ComfyUI promises no field on the wire (protocol §5 P16), so each
 * one yields a usable value or null and never fails the object around it; what must be there is said by the schema
 * that uses it.
 */
import * as z from "zod";
import { isRecord, type JsonRecord } from "./json.ts";

/** Longest text of an error that is kept; messages of failed nodes can hold whole tensor dumps. */
export const MAX_ERROR_CHARS = 4096;
/** How many ids of one list are kept. */
export const MAX_IDS = 20_000;

/** A node or prompt id. Ids are strings; packs that send numbers are read as if they had not. */
export const IdSchema = z.union([z.string(), z.number().transform(String)]);

/** An id, or null where it is absent or something else. */
export const OptionalIdSchema = IdSchema.nullable().catch(null);

/** A finite number, or null. */
export const OptionalNumberSchema = z.number().nullable().catch(null);

/** A string, or null. */
export const OptionalTextSchema = z.string().nullable().catch(null);

/** A short text for people, cut at `MAX_ERROR_CHARS`, without surrounding space; empty if absent. */
export const ErrorTextSchema = z
  .string()
  .catch("")
  .transform((text) => text.slice(0, MAX_ERROR_CHARS).trim());

/** Whether the field is JSON `true`; nothing else counts. */
export const FlagSchema = z
  .unknown()
  .transform((value) => value === true)
  .catch(false);

/** A list of ids; members that are none are left out. */
export const IdsSchema = z
  .array(z.unknown())
  .catch([])
  .transform((items) => items.slice(0, MAX_IDS).flatMap((item) => IdSchema.safeParse(item).data ?? []));

/** A JSON object, or null. */
export const OptionalRecordSchema = z
  .unknown()
  .transform((value): JsonRecord | null => (isRecord(value) ? value : null))
  .catch(null);
