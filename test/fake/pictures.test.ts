/** What the fake paints: the same for the same prompt, marked with its metadata, and made of what was uploaded. */
import { describe, expect, it } from "vitest";
import { Client } from "../conformance/support/client.ts";
import { form } from "../conformance/support/form.ts";
import { through, txt2img } from "../conformance/support/graphs.ts";
import { type Endpoint, exchange } from "../conformance/support/http.ts";
import { startFake } from "./support.ts";

async function saved(at: Endpoint, name = "cc_00001_.png"): Promise<Buffer> {
  return (await exchange(at, `/view?filename=${name}`)).bytes;
}

/** The text chunks of a PNG. */
function texts(png: Uint8Array): Record<string, string> {
  const found: Record<string, string> = {};
  const bytes = Buffer.from(png);
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    if (bytes.toString("latin1", at + 4, at + 8) !== "tEXt") continue;
    const [key = "", value = ""] = bytes.toString("latin1", at + 8, at + 8 + bytes.readUInt32BE(at)).split("\0");
    found[key] = value;
  }
  return found;
}

describe("pictures", () => {
  it("the same prompt and seed give the same bytes, another seed or text another picture", async () => {
    await using one = await startFake();
    await using two = await startFake();
    const files: Uint8Array[] = [];
    for (const fake of [one, two]) {
      const client = await Client.open(fake);
      await client.run(txt2img(1));
      files.push(await saved(fake));
    }
    expect(files[0]).toEqual(files[1]);
    const client = await Client.open(one);
    await client.run(txt2img(2));
    await client.run(txt2img(1, { text: "a cat" }));
    expect(await saved(one, "cc_00002_.png")).not.toEqual(files[0]);
    expect(await saved(one, "cc_00003_.png")).not.toEqual(files[0]);
  });

  it("a saved PNG carries the prompt and each key of extra_pnginfo, and can be padded to a size", async () => {
    await using fake = await startFake({ outputPadBytes: 100_000 });
    const client = await Client.open(fake);
    const extra_pnginfo = { workflow: { id: "w", name: "größer" } };
    await client.run(txt2img(), { extra_data: { extra_pnginfo } });
    const png = await saved(fake);
    expect(png.length).toBe(100_000);
    expect(JSON.parse(texts(png).prompt ?? "")).toEqual(txt2img());
    expect(JSON.parse(texts(png).workflow ?? "")).toEqual(extra_pnginfo.workflow);
  });

  it("an uploaded picture shows in the result the more the less it is denoised; garbage fails in LoadImage", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake);
    await client.run(txt2img(9));
    const upload = (name: string, content: Uint8Array | string) =>
      exchange(fake, "/upload/image", { body: form({ name, content }) });
    await upload("in.png", await saved(fake));
    await upload("bad.png", "no picture");
    const graph = (denoise: number, image = "in.png") => {
      const prompt = txt2img(1, { prefix: `d${denoise * 10}` });
      prompt["10"] = { class_type: "LoadImage", inputs: { image } };
      prompt["5"] = { class_type: "VAEEncode", inputs: { pixels: ["10", 0], vae: ["4", 2] } };
      Object.assign(prompt["3"]?.inputs ?? {}, { denoise });
      return prompt;
    };
    for (const denoise of [0, 0.5]) await client.run(graph(denoise));
    const pixels = async (name: string) => (await exchange(fake, `/view?filename=${name}&preview=webp`)).bytes;
    expect(await pixels("d0_00001_.png")).toEqual(await pixels("cc_00001_.png"));
    expect(await pixels("d5_00001_.png")).not.toEqual(await pixels("cc_00001_.png"));
    await client.run(graph(0.5, "bad.png"));
    expect(client.dataOf("execution_error")[0]).toMatchObject({
      node_type: "LoadImage",
      exception_type: "PIL.UnidentifiedImageError",
      exception_message: "cannot identify image file '/comfy/input/bad.png'\n",
    });
    expect((await client.submit(through("ImageInvert", { image: ["77", 0] }, "image"))).status).toBe(400);
  });
});
