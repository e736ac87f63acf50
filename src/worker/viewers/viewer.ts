/** One viewer's socket and what is remembered of it. What must outlive hibernation is in the socket's attachment. */
import * as z from "zod";
import { PREVIEW_MODES } from "../../contract/viewer.ts";
import { noCredit, type PreviewCredit } from "../../core/fanout/pace.ts";

/** The header in which the Worker, having checked who it is, tells the object about a viewer. */
export const VIEWER_HEADER = "x-easel-viewer";

export const ViewerSpecSchema = z.object({
  /** `user` is an owner that is an end user of the app; `viewer` came by a link. */
  role: z.enum(["owner", "user", "viewer"]),
  reveal: z.array(z.string()),
  /** The share that it came by. */
  shareId: z.string().nullable(),
  /** Path under which this viewer fetches previews and outputs; null for the owner, who has signed links. */
  base: z.string().nullable(),
  previews: z.enum(PREVIEW_MODES),
  after: z.int().nullable(),
  /** The end user, whose jobs alone are reached; null for servers and for viewers by a link. */
  user: z.string().nullable().default(null),
  /** When the token by which it came was made, and when it ends, ms; null for what does not end. */
  madeAt: z.int().nullable().default(null),
  expiresAt: z.int().nullable().default(null),
  /** The place that it takes among the project's open streams, where those are limited. */
  streamId: z.string().nullable().default(null),
  /** Whether it may cancel the job by a message; links never do. */
  mayCancel: z.boolean().default(false),
});
/** What the Worker tells of a viewer. */
export type ViewerSpec = z.input<typeof ViewerSpecSchema>;
/** The same with nothing left out. */
export type KnownViewer = z.output<typeof ViewerSpecSchema>;

export type Viewer = {
  readonly socket: WebSocket;
  readonly spec: KnownViewer;
  /** Viewers of the same audience get the same bytes. */
  readonly audience: string;
  visible: boolean;
  credit: PreviewCredit;
};

/** A viewer that has not been sent anything yet. */
export const newViewer = (socket: WebSocket, spec: KnownViewer, visible: boolean): Viewer => ({
  socket,
  spec,
  audience: `${spec.role} ${spec.reveal.join()} ${spec.base ?? ""}`,
  visible,
  credit: noCredit,
});

type Attachment = { spec: KnownViewer; visible: boolean };

/** Remembers a viewer across hibernation. */
export function attach(viewer: Viewer): void {
  const attachment: Attachment = { spec: viewer.spec, visible: viewer.visible };
  viewer.socket.serializeAttachment(attachment);
}

/** The viewer of a socket that was attached before. */
export function viewerOf(socket: WebSocket): Viewer {
  const { spec, visible } = socket.deserializeAttachment() as Attachment;
  return newViewer(socket, spec, visible);
}

/** Codes that must not be given to close() because they stand for the absence of one. */
const RESERVED = [1004, 1005, 1006, 1015];

/** Closes a socket, whatever state it is in. Reasons are bounded by the protocol to 123 bytes. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(RESERVED.includes(code) || code < 1000 || code > 4999 ? 1000 : code, reason.slice(0, 120));
  } catch {
    // Already closed.
  }
}
