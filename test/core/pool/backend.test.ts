/** The configuration of backends. */
import { describe, expect, it } from "vitest";
import { parseBackends } from "../../../src/core/pool/backend.ts";

const errorOf = (text: string) => {
  const parsed = parseBackends(text);
  return parsed.ok ? null : parsed.error;
};

describe("parseBackends", () => {
  it("[B1] reads URLs separated by commas or spaces, and names them", () => {
    const parsed = parseBackends("https://a.example/, http://127.0.0.1:8188");
    expect(parsed).toEqual({
      ok: true,
      value: [
        { id: "comfy-1", url: "https://a.example", headers: {}, slots: 2 },
        { id: "comfy-2", url: "http://127.0.0.1:8188", headers: {}, slots: 2 },
      ],
    });
  });

  it("[B1] reads a JSON array with headers and slots", () => {
    const parsed = parseBackends('[{"id":"studio","url":"https://a.example","headers":{"X-Key":"s"},"slots":3}]');
    expect(parsed).toEqual({
      ok: true,
      value: [{ id: "studio", url: "https://a.example", headers: { "X-Key": "s" }, slots: 3 }],
    });
  });

  it("[B1] reads the built-in fake", () => {
    expect(parseBackends("fake:demo").ok).toBe(true);
  });

  it.each([
    ["", "empty"],
    ["[oops", "not valid JSON"],
    ["ftp://a.example", "http(s)"],
    ['[{"url":"https://a.example","slots":0}]', "slots"],
    ['[{"url":"https://a.example","colour":1}]', "COMFY_BACKENDS[0]"],
    ['[{"id":"a","url":"https://a.example"},{"id":"a","url":"https://b.example"}]', "same id"],
    ["https://a.example,fake:demo", "fake"],
  ])("[B2] says what is wrong with %j", (text, word) => {
    expect(errorOf(text)).toContain(word);
  });

  it("[B2] never quotes a header's value in its error", () => {
    expect(errorOf('[{"url":"nonsense","headers":{"X-Key":"hunter2"}}]')).not.toContain("hunter2");
  });
});
