/** Media types: by bytes first, never by a name that claims something a browser would run. */
import { describe, expect, it } from "vitest";
import { contentTypeFor, sniff } from "../../../src/core/artifact/sniff.ts";
import { join, riff, zeros } from "../../support/artifact-bytes.ts";
import { box } from "../../support/artifact-videos.ts";

const typeOf = (head: Uint8Array) => sniff(head)?.contentType ?? null;

describe("sniff", () => {
  it.each([
    ["\x89PNG\r\n\x1a\n", "image/png"],
    ["\xff\xd8\xff\xe0", "image/jpeg"],
    ["GIF89a", "image/gif"],
    ["\x1a\x45\xdf\xa3\x9fB\x82\x84webm", "video/webm"],
    ["\x1a\x45\xdf\xa3\x9fB\x82\x88matroska", "video/x-matroska"],
    ["fLaC", "audio/flac"],
    ["ID3\x04\0\0", "audio/mpeg"],
    ["\xff\xfb\x90\x00", "audio/mpeg"],
    ["\xff\xf1\x50\x80", "audio/aac"],
    ["OggS\0\x02", "audio/ogg"],
    ["glTF\x02\0\0\0", "model/gltf-binary"],
    ['{"a": 1}', "application/json"],
    [' [1, {"b": null}]', "application/json"],
    ["[warning] disk full", "text/plain; charset=utf-8"],
    ["caf\xc3\xa9\r\n", "text/plain; charset=utf-8"],
    ["caf\xc3", "text/plain; charset=utf-8"],
    ["\x00\x01\x02", null],
    ["a\x00b", null],
    ["caf\xe9 au lait", null],
    ["", null],
  ])("knows %j as %s", (head, expected) => {
    expect(typeOf(join(head))).toBe(expected);
  });

  it("takes ISO media by its brands", () => {
    const brands = (major: string, compatible = "") => typeOf(box("ftyp", major, zeros(4), compatible));
    expect(brands("isom", "mp41")).toBe("video/mp4");
    expect(brands("qt  ")).toBe("video/quicktime");
    expect(brands("M4A ")).toBe("audio/mp4");
    expect(brands("mif1", "miafavif")).toBe("image/avif");
    expect(brands("heic", "mif1")).toBe("image/heic");
    expect(sniff(box("ftyp", "avis", zeros(4)))?.kind).toBe("animated");
  });

  it("takes RIFF by its form", () => {
    expect(typeOf(riff("WAVE"))).toBe("audio/wav");
    expect(typeOf(riff("AVI "))).toBe("video/x-msvideo");
    expect(typeOf(riff("what"))).toBe(null);
    expect(sniff(riff("WEBP", join("VP8X\x0a\0\0\0\x02")))).toMatchObject({
      contentType: "image/webp",
      kind: "animated",
    });
  });

  it.each([
    "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "\n <!DOCTYPE html>",
    "<p>hi</p>",
    "\ufeff<?xml version='1.0'?>",
    "%PDF-1.7",
  ])("gives no name to what a browser would run: %j", (text) => {
    expect(sniff(new TextEncoder().encode(text))).toEqual({
      contentType: "application/octet-stream",
      kind: "file",
      extension: "bin",
    });
  });
});

describe("contentTypeFor", () => {
  it("believes the bytes before the name", () => {
    expect(contentTypeFor(sniff(join("GIF89a")), "picture.obj").contentType).toBe("image/gif");
    expect(contentTypeFor(sniff(join("<svg/>")), "mesh.obj").contentType).toBe("application/octet-stream");
  });

  it("believes the name where bytes are text or say nothing, if the type is inert", () => {
    expect(contentTypeFor(sniff(join("v 0 0 0\n")), "mesh.OBJ")).toEqual({
      contentType: "model/obj",
      kind: "model",
      extension: "obj",
    });
    expect(contentTypeFor(sniff(join("a,b\n1,2")), "table.csv").contentType).toBe("text/csv; charset=utf-8");
    expect(contentTypeFor(null, "x.safetensors")).toMatchObject({ kind: "file", extension: "safetensors" });
    expect(contentTypeFor(sniff(join("hello")), "notes").contentType).toBe("text/plain; charset=utf-8");
  });

  it.each([
    "page.html",
    "draw.svg",
    "a.xhtml",
    "code.js",
    "x.pdf",
    "fake.png",
    "table.csv",
    "x.constructor",
    "noextension",
  ])("does not believe the name %s of bytes that say nothing", (name) => {
    expect(contentTypeFor(null, name).contentType).toBe("application/octet-stream");
  });
});
