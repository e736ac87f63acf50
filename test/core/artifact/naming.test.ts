/** Bucket keys, download names and signed paths: everything that names a file to the outside. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { outputKey, parseKey, previewKey, uploadKey } from "../../../src/core/artifact/key.ts";
import { contentDisposition, downloadName, MAX_NAME_BYTES } from "../../../src/core/artifact/name.ts";
import { expiryDay, expiryMs, signMedia, verifyMedia } from "../../../src/core/artifact/sign.ts";

describe("bucket keys", () => {
  const suffix = "01kag3xt5vq2m8d9f7h6j4n1ab";

  it("say what they belong to", () => {
    expect(parseKey(outputKey(`out_${suffix}`))).toEqual({ type: "output", outputId: `out_${suffix}` });
    expect(parseKey(uploadKey(`upl_${suffix}`))).toEqual({ type: "upload", uploadId: `upl_${suffix}` });
    expect(parseKey(previewKey(`job_${suffix}`))).toEqual({ type: "preview", jobId: `job_${suffix}` });
  });

  it.each(["", "o/", "o/../x", `o/upl_${suffix}`, `x/out_${suffix}`, `o/out_${suffix}/more`])(
    "that are not ours are null: %j",
    (key) => {
      expect(parseKey(key)).toBe(null);
    },
  );
});

describe("downloadName", () => {
  it.each([
    ["ComfyUI_00001_.png", "png", "ComfyUI_00001_.png"],
    ["photo.JPEG", "jpg", "photo.jpg"],
    ["../../etc/passwd", "png", "passwd.png"],
    ["C:\\out\\a b.png", "png", "a b.png"],
    ["draw.svg", "bin", "draw.svg.bin"],
    ["evil.png.exe", "png", "evil.png.exe.png"],
    ["a\r\nSet-Cookie: x.png", "png", "aSet-Cookie_ x.png"],
    ["\u202egnp.exe", "png", "gnp.exe.png"],
    ["...hidden. .png", "png", "hidden.png"],
    ["...", "png", "file.png"],
    ["", "mp4", "file.mp4"],
    ["con.png", "png", "file-con.png"],
    ["猫 \ud83d\udc31.webp", "webp", "猫 🐱.webp"],
    ["lone\ud83d.webp", "webp", "lone\ufffd.webp"],
  ])("makes %j a %s file named %j", (filename, extension, expected) => {
    expect(downloadName(filename, extension)).toBe(expected);
  });

  it("is bounded, ends in its extension and is a plain file name, whatever it is given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (filename) => {
        const name = downloadName(filename, "webp");
        expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(MAX_NAME_BYTES);
        expect(name).toMatch(/^[^./\\ ][^/\\]*\.webp$/);
        expect(name).toMatch(/^[^\p{Cc}]+$/u);
        expect(downloadName(name, "webp")).toBe(name);
      }),
    );
  });
});

describe("contentDisposition", () => {
  it("is plain for an ASCII name", () => {
    expect(contentDisposition("inline", "a b.png")).toBe('inline; filename="a b.png"');
  });

  it("carries any other name twice", () => {
    expect(contentDisposition("attachment", "Käse (1)*.png")).toBe(
      "attachment; filename=\"K_se (1)*.png\"; filename*=UTF-8''K%C3%A4se%20%281%29%2A.png",
    );
    expect(contentDisposition("attachment", '50% "x"\\.png')).toBe(
      "attachment; filename=\"50_ _x__.png\"; filename*=UTF-8''50%25%20%22x%22%5C.png",
    );
  });

  it("cannot be broken out of", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        expect(contentDisposition("attachment", name)).toMatch(
          /^attachment; filename="[ !#-[\]-~]*"(; filename\*=UTF-8''[A-Za-z0-9%._~!-]*)?$/,
        );
      }),
    );
  });
});

describe("media signatures", () => {
  const secret = new Uint8Array(32).fill(7);
  const grant = { outputId: "out_01kag3xt5vq2m8d9f7h6j4n1ab", variant: "original", epoch: 0 };
  const now = Date.UTC(2026, 10, 20, 13, 37);
  const sign = (at = now) => signMedia(secret, { ...grant, expDay: expiryDay(at) });

  it("are the same all day, and live for 24 to 48 hours", async () => {
    const midnight = Date.UTC(2026, 10, 20);
    expect(await sign(midnight)).toBe(await sign(midnight + 86_399_999));
    expect(await sign(midnight + 86_400_000)).not.toBe(await sign(midnight));
    expect(expiryMs(expiryDay(midnight))).toBe(Date.UTC(2026, 10, 22));
    expect(await verifyMedia(secret, await sign(), grant, Date.UTC(2026, 10, 22) - 1)).toBe("valid");
    expect(await verifyMedia(secret, await sign(), grant, Date.UTC(2026, 10, 22))).toBe("expired");
  });

  it("fit into a path and have 128 bits", async () => {
    expect(await sign()).toMatch(/^[0-9a-z]+\.[A-Za-z0-9_-]{22}$/);
  });

  it("hold for one output, variant, epoch and secret only", async () => {
    const segment = await sign();
    const other = "out_01kag3xt5vq2m8d9f7h6j4n1ac";
    expect(await verifyMedia(secret, segment, { ...grant, outputId: other }, now)).toBe("invalid");
    expect(await verifyMedia(secret, segment, { ...grant, variant: "raw" }, now)).toBe("invalid");
    expect(await verifyMedia(secret, segment, { ...grant, epoch: 1 }, now)).toBe("invalid");
    expect(await verifyMedia(new Uint8Array(32).fill(8), segment, grant, now)).toBe("invalid");
  });

  it("do not hold with a later day, another spelling of it, or a changed character", async () => {
    const segment = await sign();
    const [day = "", signature = ""] = segment.split(".");
    const later = `${(Number.parseInt(day, 36) + 1).toString(36)}.${signature}`;
    for (const forged of [
      later,
      `0${segment}`,
      segment.toUpperCase(),
      `${segment}A`,
      segment.slice(0, -1),
      day,
      "",
      ".",
      `${day}.`,
    ]) {
      expect(await verifyMedia(secret, forged, grant, now)).toBe("invalid");
    }
    // The last character holds 4 bits that count and 2 that are zero; every change of it must fail too.
    for (let at = 0; at < signature.length; at += 1) {
      const changed = signature[at] === "A" ? "B" : "A";
      const forged = `${day}.${signature.slice(0, at)}${changed}${signature.slice(at + 1)}`;
      expect(await verifyMedia(secret, forged, grant, now)).toBe("invalid");
    }
  });

  it("that were never true are invalid, not expired", async () => {
    expect(await verifyMedia(secret, `1.${"A".repeat(22)}`, grant, now)).toBe("invalid");
  });
});
