/** Video containers: offsets into the media data must not move, and what goes leaves valid padding. */
import { describe, expect, it } from "vitest";
import { be32, join, noise, PROMPT, zeros } from "../../support/artifact-bytes.ts";
import { captured } from "../../support/artifact-pictures.ts";
import { box, element, liveWebm, matroska, mp4 } from "../../support/artifact-videos.ts";
import { cleanCopy, inspect } from "../../support/artifacts.ts";

const copyOf = (file: Uint8Array): Buffer => Buffer.from(cleanCopy(file, inspect(file).clean));

/** The boxes of an ISO media file as `path@offset+length`, walking the containers. */
function boxes(file: Buffer, from = 0, to = file.length, path = ""): string[] {
  const found: string[] = [];
  for (let at = from; at < to; ) {
    const isLong = file.readUInt32BE(at) === 1;
    const bytes = isLong ? Number(file.readBigUInt64BE(at + 8)) : file.readUInt32BE(at) || to - at;
    const name = `${path}/${file.toString("latin1", at + 4, at + 8)}`;
    expect(bytes).toBeGreaterThanOrEqual(8);
    expect(at + bytes).toBeLessThanOrEqual(to);
    found.push(`${name}@${at}+${bytes}`);
    if (/\/(moov|trak|mdia|minf|stbl)$/.test(name)) found.push(...boxes(file, at + 8, at + bytes, name));
    at += bytes;
  }
  return found;
}

/** The EBML elements of a file that has all lengths, as `id@offset+length`. */
function elements(file: Buffer, from = 0, to = file.length): string[] {
  const found: string[] = [];
  for (let at = from; at < to; ) {
    const idBytes = Math.clz32(file[at] ?? 0) - 23;
    const sizeBytes = Math.clz32(file[at + idBytes] ?? 0) - 23;
    const id = file.toString("hex", at, at + idBytes);
    const size = Buffer.from(file.subarray(at + idBytes, at + idBytes + sizeBytes));
    size[0] = (size[0] ?? 0) & (0xff >> sizeBytes);
    const payload = at + idBytes + sizeBytes;
    const end = payload + Number(`0x${size.toString("hex")}`);
    expect(end).toBeLessThanOrEqual(to);
    found.push(`${id}@${at}+${end - at}`);
    if (["18538067", "114d9b74", "1549a966", "1654ae6b", "ae"].includes(id))
      found.push(...elements(file, payload, end));
    at = end;
  }
  return found;
}

describe("MP4", () => {
  it("of a real server keeps every box where it is, with free in the place of udta", () => {
    const file = captured("27b-video-output", ".mp4");
    const before = boxes(Buffer.from(file));
    const after = boxes(copyOf(file));
    expect(before).toContain("/mdat@40+830");
    expect(after).toEqual(before.map((line) => line.replace("/moov/udta@", "/moov/free@")));
    expect(copyOf(file).subarray(0, 870)).toEqual(Buffer.from(file.subarray(0, 870)));
  });

  it("blanks metadata at the top, in the movie, in a track, and in old free space", () => {
    const file = mp4();
    const removed = /\/(uuid|meta|udta)@/;
    expect(boxes(copyOf(file))).toEqual(boxes(Buffer.from(file)).map((line) => line.replace(removed, "/free@")));
    expect(inspect(file)).toMatchObject({ contentType: "video/mp4", width: 320, height: 240, durationMs: 1500 });
  });

  it("with media data to the end of the file is copied to the end", () => {
    const open = mp4({ tail: join(be32(0), "mdat", noise(5000)) });
    expect(inspect(open).clean.sizeBytes).toBe(open.length);
    expect(copyOf(open).subarray(-5000)).toEqual(Buffer.from(noise(5000)));
  });

  it("that ends in metadata without a length is blanked to its end", () => {
    const copy = copyOf(mp4({ tail: join(be32(0), "meta", PROMPT) }));
    expect(copy.subarray(-PROMPT.length - 8)).toEqual(Buffer.from(join(be32(0), "free", zeros(PROMPT.length))));
  });

  it("in fragments keeps them", () => {
    const fragment = join(
      box("moof", box("mfhd", zeros(8)), box("traf", box("tfhd", zeros(8)), box("uuid", PROMPT))),
      box("mdat", noise(99)),
    );
    const { clean } = inspect(mp4({ tail: fragment }));
    expect(clean.status).toBe("cleaned");
    expect(clean.removed).toContain("uuid");
  });

  it("tells the size as shown of a picture on its side", () => {
    expect(inspect(mp4({ width: 640, height: 360, turned: true }))).toMatchObject({ width: 360, height: 640 });
  });

  it("without a picture is audio", () => {
    expect(inspect(mp4({ width: 0, height: 0 }))).toMatchObject({
      contentType: "audio/mp4",
      kind: "audio",
      extension: "m4a",
    });
  });

  it("without a movie box is truncated: the writer was stopped", () => {
    const file = join(box("ftyp", "isom", zeros(4)), box("mdat", noise(600)));
    expect(inspect(file)).toMatchObject({ truncated: true, clean: { status: "unknown" } });
  });

  it("whose box is longer than its container is not vouched for", () => {
    const inner = join(be32(500), "udta", PROMPT);
    expect(inspect(join(box("ftyp", "isom", zeros(4)), box("moov", inner), noise(900))).clean.status).toBe("unknown");
  });
});

describe("WebM and Matroska", () => {
  it("of a real server keeps every element where it is, with Void in the place of tags and of the pointer to them", () => {
    const file = captured("27b-video-output", ".webm");
    const before = elements(Buffer.from(file));
    expect(before.filter((line) => line.startsWith("4dbb"))).toHaveLength(4);
    const gone = new Set(["1254c367@331+866", "4dbb@81+15"]);
    expect(elements(copyOf(file))).toEqual(
      before.map((line) => (gone.has(line) ? line.replace(/^[0-9a-f]+/, "ec") : line)),
    );
    expect(inspect(file)).toMatchObject({ width: 64, height: 48, durationMs: 1000 });
  });

  it("blanks attachments, chapters, titles, checksums that no longer hold and old padding", () => {
    const file = matroska();
    const ids = (lines: string[]) => lines.map((line) => line.split("@")[0]);
    const gone = ["bf", "7ba9", "4461", "1941a469", "1043a770"];
    const after = ids(elements(copyOf(file)));
    for (const id of gone) {
      expect(ids(elements(Buffer.from(file)))).toContain(id);
      expect(after).not.toContain(id);
    }
    expect(after.filter((id) => id === "4dbb")).toHaveLength(1);
    expect(elements(copyOf(file)).map((line) => line.split("@")[1])).toEqual(
      elements(Buffer.from(file)).map((line) => line.split("@")[1]),
    );
  });

  it("recorded live, without lengths, is read through its clusters", () => {
    expect(inspect(liveWebm()).clean.removed).toEqual(["Title", "TrackName", "Tags"]);
    expect(inspect(liveWebm(2))).toMatchObject({ contentType: "audio/webm", kind: "audio", width: null });
  });

  it("blanks removed elements of every length with Void elements of that length", () => {
    for (let bytes = 0; bytes < 300; bytes += 1) {
      const title = element("7ba9", noise(bytes));
      const info = element("1549a966", title, element("2ad7b1", "\x01"));
      const file = join(element("1a45dfa3", element("4282", "webm")), element("18538067", info));
      const offset = file.length - 5 - title.length;
      expect(elements(copyOf(file))).toContain(`ec@${offset}+${title.length}`);
    }
  });

  it("whose tags have no length is not vouched for", () => {
    const tags = join("\x12\x54\xc3\x67\xff", PROMPT);
    const file = join(element("1a45dfa3", element("4282", "webm")), "\x18\x53\x80\x67\xff", tags);
    expect(inspect(file).clean.status).toBe("unknown");
  });
});
