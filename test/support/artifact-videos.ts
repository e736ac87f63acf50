/** Small videos for tests, built byte by byte, with `PROMPT` in every place metadata can stand. */
import { be16, be32, be64, bytesOf, join, noise, PROMPT, zeros } from "./artifact-bytes.ts";

/** An ISO media box. */
export const box = (name: string, ...payload: (Uint8Array | string)[]): Uint8Array => {
  const body = join(...payload);
  return join(be32(body.length + 8), name, body);
};
/** An ISO media box with a 64-bit length. */
export const largeBox = (name: string, payload: Uint8Array): Uint8Array =>
  join(be32(1), name, be64(payload.length + 16), payload);
const trackHeader = (width: number, height: number, turned: boolean): Uint8Array => {
  const one = be32(0x10000);
  const matrix = turned
    ? join(zeros(4), one, zeros(4), be32(0xffff0000), zeros(16), be32(0x40000000))
    : join(one, zeros(12), one, zeros(12), be32(0x40000000));
  return box("tkhd", zeros(40), matrix, be32(width * 0x10000), be32(height * 0x10000));
};
/** What varies in `mp4`; `tail` follows the movie box. */
export type Mp4Options = {
  width?: number;
  height?: number;
  turned?: boolean;
  mediaData?: Uint8Array;
  tail?: Uint8Array;
};
/** A movie with its media data in front, a 64-bit box length, and the prompt in every place metadata can stand. */
export const mp4 = (options: Mp4Options = {}): Uint8Array => {
  const { width = 320, height = 240, turned = false, mediaData = noise(3000), tail = zeros(0) } = options;
  return join(
    box("ftyp", "isom", zeros(4), "isommp41"),
    box("uuid", zeros(16), PROMPT),
    largeBox("mdat", mediaData),
    box(
      "moov",
      box("mvhd", zeros(12), be32(600), be32(900), zeros(80)),
      box(
        "trak",
        trackHeader(width, height, turned),
        box(
          "mdia",
          box("hdlr", zeros(8), "vide", zeros(13)),
          box("minf", box("stbl", box("stco", zeros(4), be32(1), be32(48)))),
        ),
        box("meta", zeros(4), PROMPT),
      ),
      box("udta", box("meta", zeros(4), box("ilst", PROMPT))),
      box("free", PROMPT),
    ),
    tail,
  );
};

const vint = (value: number): Uint8Array => join(0x01, be64(value).subarray(1));
/** An EBML element with a length. */
export const element = (idHex: string, ...payload: (Uint8Array | string)[]): Uint8Array => {
  const body = join(...payload);
  const id = new Uint8Array(Buffer.from(idHex, "hex"));
  return body.length < 127 ? join(id, 0x80 | body.length, body) : join(id, vint(body.length), body);
};
const withoutLength = (idHex: string, ...payload: Uint8Array[]): Uint8Array =>
  join(new Uint8Array(Buffer.from(idHex, "hex")), 0x01, new Uint8Array(7).fill(0xff), ...payload);
const float64 = (value: number): Uint8Array => bytesOf(8, (b) => b.writeDoubleBE(value));
/** A WebM as a recorder writes it live, without lengths; `type` 1 is video, 2 audio. */
export const liveWebm = (type: 1 | 2 = 1): Uint8Array => {
  const video = type === 1 ? element("e0", element("b0", be16(640)), element("ba", be16(360))) : zeros(0);
  const cluster = () =>
    withoutLength("1f43b675", element("e7", "\0"), element("a3", noise(300)), element("a3", noise(20)));
  return join(
    element("1a45dfa3", element("4282", "webm")),
    withoutLength(
      "18538067",
      element("1549a966", element("2ad7b1", "\x0f\x42\x40"), element("4489", float64(2500)), element("7ba9", PROMPT)),
      element(
        "1654ae6b",
        element("ae", element("d7", "\x01"), element("83", join(type)), element("536e", "secret"), video),
      ),
      cluster(),
      cluster(),
      element("1254c367", element("7373", element("67c8", element("45a3", "PROMPT"), element("4487", PROMPT)))),
    ),
  );
};
/** A Matroska with lengths, checksums, an attachment, chapters and a seek head that points at them. */
export const matroska = (): Uint8Array =>
  join(
    element("1a45dfa3", element("4282", "matroska")),
    element(
      "18538067",
      element(
        "114d9b74",
        element("bf", zeros(4)),
        element("4dbb", element("53ab", "\x15\x49\xa9\x66"), element("53ac", "\x30")),
        element("4dbb", element("53ab", "\x19\x41\xa4\x69"), element("53ac", "\x40")),
      ),
      element("ec", zeros(40)),
      element("1549a966", element("2ad7b1", "\x0f\x42\x40"), element("7ba9", PROMPT), element("4461", zeros(8))),
      element(
        "1654ae6b",
        element(
          "ae",
          element("d7", "\x01"),
          element("83", "\x01"),
          element("e0", element("b0", be16(64)), element("ba", be16(48))),
        ),
      ),
      element("1941a469", element("61a7", element("466e", "workflow.json"), element("465c", PROMPT))),
      element("1043a770", element("45b9", PROMPT)),
      element("1f43b675", element("e7", "\0"), element("a3", noise(500))),
      element("ec", PROMPT),
    ),
  );
