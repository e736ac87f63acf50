/**
 * GIF89a. Comments, plain-text blocks and application data other than the loop count are left out; everything a frame
 * needs is kept. The number of frames tells an animation from a picture.
 */
import { latin1, setSize, u16le } from "../fields.ts";
import { dropRest, type Scan, type ScanContext, skip, take, Unreadable } from "../scan.ts";

const SCREEN_HEAD_BYTES = 13;
const MINIMUM_CODE_SIZE_BYTES = 1;
const APPLICATION_ID_BYTES = 11;
const IMAGE = 0x2c;
const EXTENSION = 0x21;
const TRAILER = 0x3b;
const GRAPHIC_CONTROL = 0xf9;
const COMMENT = 0xfe;
const PLAIN_TEXT = 0x01;
const APPLICATION = 0xff;
const LOOP_APPLICATIONS = new Set(["NETSCAPE2.0", "ANIMEXTS1.0"]);

/** Scans a GIF; finds size, and whether it is an animation and how long. */
export function* scanGif(context: ScanContext): Scan {
  const { plan, media } = context;
  const head = yield* take(SCREEN_HEAD_BYTES);
  setSize(media, u16le(head, 6), u16le(head, 8));
  yield* skip(colourTableBytes(head[10] ?? 0));
  plan.keep(0, context.at);
  let frames = 0;
  let durationMs = 0;
  for (;;) {
    const start = context.at;
    const block = (yield* take(1))[0];
    if (block === TRAILER) {
      plan.keep(start, context.at);
      break;
    }
    let removed: string | null = null;
    if (block === IMAGE) {
      const descriptor = yield* take(9);
      yield* skip(colourTableBytes(descriptor[8] ?? 0) + MINIMUM_CODE_SIZE_BYTES);
      yield* skipSubBlocks();
      frames += 1;
    } else if (block === EXTENSION) {
      const label = (yield* take(1))[0] ?? 0;
      const first = yield* take((yield* take(1))[0] ?? 0);
      if (label === GRAPHIC_CONTROL) durationMs += u16le(first, 1) * 10;
      removed = removedName(label, latin1(first, 0, APPLICATION_ID_BYTES));
      if (first.length > 0) yield* skipSubBlocks();
    } else throw new Unreadable("block");
    if (removed === null) plan.keep(start, context.at);
    else plan.remove(removed);
  }
  if (frames > 1) {
    media.kind = "animated";
    media.durationMs = durationMs;
  }
  yield* dropRest(context);
}

/** Bytes of the colour table that a packed field announces. */
const colourTableBytes = (packed: number): number => ((packed & 0x80) === 0 ? 0 : 3 * 2 ** ((packed & 7) + 1));

function* skipSubBlocks(): Scan {
  for (;;) {
    const bytes = (yield* take(1))[0] ?? 0;
    if (bytes === 0) return;
    yield* skip(bytes);
  }
}

/** What to call an extension that is left out; null if it is kept. */
function removedName(label: number, firstBlock: string): string | null {
  switch (label) {
    case GRAPHIC_CONTROL:
      return null;
    case COMMENT:
      return "comment";
    case PLAIN_TEXT:
      return "plain text";
    case APPLICATION:
      return LOOP_APPLICATIONS.has(firstBlock) ? null : `application:${firstBlock}`;
    default:
      return `extension ${label}`;
  }
}
