/** Small sound files for tests, built byte by byte, with `PROMPT` in their tags. */
import { be32, bytesOf, join, le16, le32, noise, PROMPT, riff, riffChunk, zeros } from "./artifact-bytes.ts";

const wavFormat = (): Uint8Array => riffChunk("fmt ", join(le16(1), le16(1), le32(8000), le32(8000), le16(1), le16(8)));
/** 250 ms of noise with LIST and id3 chunks. */
export const wav = (): Uint8Array =>
  riff(
    "WAVE",
    wavFormat(),
    riffChunk("LIST", join("INFO", riffChunk("ICMT", PROMPT))),
    riffChunk("data", noise(2000)),
    riffChunk("id3 ", PROMPT),
  );
/** As a pipe writes it: no length is known. */
export const streamedWav = (): Uint8Array =>
  join("RIFF", le32(0xffff_ffff), "WAVE", wavFormat(), "data", le32(0xffff_ffff), noise(4000));

/** A FLAC metadata block. */
export const flacBlock = (type: number, data: Uint8Array, isLast = false): Uint8Array =>
  join((isLast ? 0x80 : 0) | type, be32(data.length).subarray(1), data);
/** 2 s at 44.1 kHz by its head; the frames are noise. */
export const flac = (...tail: Uint8Array[]): Uint8Array => {
  const rateAndCount = (44_100n << 44n) | (1n << 41n) | (15n << 36n) | 88_200n;
  const info = join(
    zeros(10),
    bytesOf(8, (b) => b.writeBigUInt64BE(rateAndCount)),
    zeros(16),
  );
  const comments = join(le32(4), "Lavf", le32(1), le32(PROMPT.length + 7), "prompt=", PROMPT);
  return join("fLaC", flacBlock(0, info), flacBlock(4, comments), flacBlock(1, zeros(64), true), noise(3000), ...tail);
};

/** 128 kbit/s, 44.1 kHz: 417 bytes and 26.1 ms a frame. */
export const mp3Frame = (): Uint8Array => join("\xff\xfb\x90\x00", noise(413));
/** An ID3v2.4 tag that holds the prompt. */
export const id3v2 = (): Uint8Array => {
  const body = join("TXXX", be32(PROMPT.length + 8), zeros(2), "\0prompt\0", PROMPT);
  return join("ID3\x04\0\0", 0, 0, body.length >> 7, body.length & 0x7f, body);
};
/** An ID3v1 tag that holds the start of the prompt. */
export const id3v1 = (): Uint8Array => join("TAG", PROMPT.slice(0, 60), zeros(65));
/** An ID3v2 tag, frames, and whatever follows. */
export const mp3 = (frames = 10, ...tail: Uint8Array[]): Uint8Array =>
  join(id3v2(), ...Array.from({ length: frames }, mp3Frame), ...tail);

/** The checksum of Ogg pages, bit by bit. */
export function oggChecksum(page: Uint8Array): number {
  let sum = 0;
  for (const byte of page) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 0x8000_0000 ? (sum << 1) ^ 0x04c1_1db7 : sum << 1;
  }
  return sum >>> 0;
}
const oggPage = (
  flags: number,
  granule: number,
  sequence: number,
  lacing: number[],
  payload: Uint8Array,
): Uint8Array => {
  const granuleBytes = granule < 0 ? new Uint8Array(8).fill(0xff) : join(le32(granule), zeros(4));
  const head = join(
    "OggS\0",
    flags,
    granuleBytes,
    le32(77),
    le32(sequence),
    le32(0),
    lacing.length,
    Uint8Array.from(lacing),
  );
  head.set(le32(oggChecksum(join(head, payload))), 22);
  return join(head, payload);
};
/** One second of Opus with comments so long that they take two pages. */
export const opus = (): Uint8Array => {
  const comment = `prompt=${PROMPT}${"x".repeat(70_000)}`;
  const comments = join("OpusTags", le32(4), "Lavf", le32(1), le32(comment.length), comment);
  const secondPage = comments.subarray(65_025);
  const lacing = [...Array.from({ length: Math.floor(secondPage.length / 255) }, () => 255), secondPage.length % 255];
  return join(
    oggPage(2, 0, 0, [19], join("OpusHead", 1, 1, le16(312), le32(48_000), le16(0), 0)),
    oggPage(0, -1, 1, new Array<number>(255).fill(255), comments.subarray(0, 65_025)),
    oggPage(0, 0, 2, lacing, secondPage),
    oggPage(0, 24_000, 3, [255, 100], noise(355)),
    oggPage(4, 48_312, 4, [200], noise(200)),
  );
};
