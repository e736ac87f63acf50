/** What a viewer may say on its socket: bounded, then parsed strictly, because viewers are strangers. */
import * as z from "zod";
import { PREVIEW_MODES, type ViewerMessage } from "../../contract/viewer.ts";

const MAX_MESSAGE_CHARS = 4_096;

const ViewerMessageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready"), rev: z.int().min(0) }),
  z.object({ type: z.literal("configure"), previews: z.enum(PREVIEW_MODES).optional() }),
  z.object({ type: z.literal("visible"), value: z.boolean() }),
  z.object({ type: z.literal("cancel") }),
]);

/** The message, or null where it is none. */
export function parseViewerMessage(message: string | ArrayBuffer): ViewerMessage | null {
  if (typeof message !== "string" || message.length > MAX_MESSAGE_CHARS) return null;
  try {
    const parsed = ViewerMessageSchema.safeParse(JSON.parse(message));
    return parsed.success ? (parsed.data as ViewerMessage) : null;
  } catch {
    return null;
  }
}
