/** Sound files: frames and pages stay as they are, tags go or leave valid padding. */
import { describe, expect, it } from "vitest";
import { join, le32, noise, PROMPT, riff, riffChunk, zeros } from "../../support/artifact-bytes.ts";
import {
  flac,
  id3v1,
  id3v2,
  mp3,
  mp3Frame,
  oggChecksum,
  opus,
  streamedWav,
  wav,
} from "../../support/artifact-sounds.ts";
import { cleanCopy, inspect } from "../../support/artifacts.ts";

const copyOf = (file: Uint8Array): Buffer => Buffer.from(cleanCopy(file, inspect(file).clean));

describe("FLAC", () => {
  it("keeps its stream info and frames, with padding in the place of comments and no tag at the tail", () => {
    const file = Buffer.from(flac());
    const copy = copyOf(flac(id3v1()));
    const comments = 4 + 4 + 34;
    expect(copy.length).toBe(file.length);
    expect(file[comments]).toBe(4);
    expect(copy[comments]).toBe(1);
    expect(copy.subarray(comments + 1, comments + 4)).toEqual(file.subarray(comments + 1, comments + 4));
    expect(copy.subarray(-3000)).toEqual(file.subarray(-3000));
    expect(inspect(file)).toMatchObject({ durationMs: 2000, clean: { removed: ["VORBIS_COMMENT"] } });
  });
});

describe("WAV", () => {
  it("keeps its chunks where they are, with JUNK in the place of LIST and id3", () => {
    const file = Buffer.from(wav());
    const copy = copyOf(file);
    const names = (bytes: Buffer) => {
      const found: string[] = [];
      for (let at = 12; at < bytes.length; at += 8 + bytes.readUInt32LE(at + 4) + (bytes.readUInt32LE(at + 4) % 2)) {
        found.push(bytes.toString("latin1", at, at + 4));
      }
      return found;
    };
    expect(names(file)).toEqual(["fmt ", "LIST", "data", "id3 "]);
    expect(names(copy)).toEqual(["fmt ", "JUNK", "data", "JUNK"]);
    expect(copy.length).toBe(file.length);
  });

  it("from a pipe, without lengths, is its data to the end", () => {
    expect(inspect(streamedWav())).toMatchObject({ durationMs: 500, truncated: false, clean: { status: "clean" } });
  });

  it("of more than 4 GB by its head takes its lengths from ds64", () => {
    const body = join(
      "WAVE",
      riffChunk("ds64", join(le32(4072), zeros(4), le32(4000), zeros(16))),
      wav().subarray(12, 36),
    );
    const file = join(
      "RF64",
      le32(0xffff_ffff),
      body,
      "data",
      le32(0xffff_ffff),
      noise(4000),
      riffChunk("LIST", PROMPT),
    );
    expect(inspect(file)).toMatchObject({ durationMs: 500, clean: { removed: ["trailing bytes"] } });
  });

  it("with a chunk beyond its end is not vouched for", () => {
    const file = riff("WAVE", riffChunk("LIST", PROMPT));
    file[16] = 255;
    expect(inspect(file).clean.status).toBe("unknown");
  });
});

describe("MP3", () => {
  it("keeps its frames and nothing else", () => {
    const frames = join(...Array.from({ length: 10 }, mp3Frame));
    expect(copyOf(mp3(10, id3v1()))).toEqual(Buffer.from(frames));
    expect(inspect(mp3(10))).toMatchObject({
      contentType: "audio/mpeg",
      durationMs: 261,
      clean: { removed: ["ID3v2"] },
    });
  });

  it("loses tags in its middle and APE tags at its end", () => {
    const file = mp3(3, id3v2(), mp3Frame(), join("APETAGEX", zeros(24), PROMPT), id3v1());
    expect(copyOf(file)).toEqual(Buffer.from(join(mp3Frame(), mp3Frame(), mp3Frame(), mp3Frame())));
  });

  it("with anything else between its frames is not vouched for", () => {
    expect(inspect(mp3(3, join(PROMPT), mp3Frame())).clean.status).toBe("unknown");
  });
});

describe("Opus in Ogg", () => {
  it("keeps pages, numbers and sound; the comments are empty and every checksum holds", () => {
    const file = Buffer.from(opus());
    const copy = copyOf(file);
    expect(copy.length).toBe(file.length);
    const sequence: number[] = [];
    for (let at = 0; at < copy.length; ) {
      const tableEnd = at + 27 + (copy[at + 26] ?? 0);
      const end = tableEnd + copy.subarray(at + 27, tableEnd).reduce((sum, bytes) => sum + bytes, 0);
      const page = Buffer.from(copy.subarray(at, end));
      page.writeUInt32LE(0, 22);
      expect(oggChecksum(page)).toBe(copy.readUInt32LE(at + 22));
      sequence.push(copy.readUInt32LE(at + 18));
      at = end;
    }
    expect(sequence).toEqual([0, 1, 2, 3, 4]);
    expect(copy.includes("OpusTags\0\0\0\0\0\0\0\0")).toBe(true);
    expect(inspect(file)).toMatchObject({ contentType: "audio/ogg", extension: "opus", durationMs: 1000 });
  });

  it("of another codec is not vouched for", () => {
    expect(inspect(join("OggS\0\x02", zeros(20), "\x01\x1e", "\x01vorbis", zeros(600)))).toMatchObject({
      contentType: "audio/ogg",
      clean: { status: "unknown" },
    });
  });
});
