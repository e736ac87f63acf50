/** Uploads and the names of saved files (protocol §1.6, §1.9). */
import type { Check } from "../support/check.ts";
import { keys, same } from "../support/expect.ts";
import { form } from "../support/form.ts";
import { flat, type Graph } from "../support/graphs.ts";
import { png } from "../support/picture.ts";
import type { ConformanceServer } from "../support/server.ts";

/** A folder of this check's own under temp, which the server empties when it starts. */
const TEMP = { type: "temp" };

async function dedupe(server: ConformanceServer): Promise<void> {
  const subfolder = `conformance/${server.colour()}`;
  const upload = async (content: string, fields = {}) => {
    const body = form({ name: "a.png", content }, { ...TEMP, subfolder, ...fields });
    return (await server.send("/upload/image", { body })).body;
  };
  const stored = async (name: string) => {
    return (await server.call("GET", `/view?type=temp&subfolder=${subfolder}&filename=${name}`)).text;
  };
  same(await upload("one"), { name: "a.png", subfolder, type: "temp" }, "the answer");
  same((await upload("one")).name, "a.png", "the same bytes again");
  same((await upload("two")).name, "a (1).png", "other bytes");
  same((await upload("two")).name, "a (1).png", "the other bytes again");
  same((await upload("three")).name, "a (2).png", "third bytes");
  same([await stored("a.png"), await stored("a%20(1).png")], ["one", "two"], "what is stored");
  for (const overwrite of ["true", "1"]) {
    same((await upload(`over ${overwrite}`, { overwrite })).name, "a.png", `overwrite=${overwrite}`);
    same(await stored("a.png"), `over ${overwrite}`, "what is stored then");
  }
  same((await upload("four", { overwrite: "True" })).name, "a (3).png", "overwrite=True");
}

async function uploadErrors(server: ConformanceServer): Promise<void> {
  const file = { name: "b.png", content: png(1, 2, 3, 128) };
  const upload = async (body: FormData, path = "/upload/image") => (await server.send(path, { body })).status;
  same(await upload(form(null, TEMP)), 400, "no file part");
  same(await upload(form(file, { ...TEMP, subfolder: "../../escape" })), 400, "a subfolder outside");
  same(await upload(form(file, { type: "elsewhere" })), 500, "an unknown type");
  same(await upload(form({ ...file, name: "" }, TEMP)), 500, "an empty file name");
  same(await upload(form(null, { ...TEMP, image: "text" })), 500, "a plain field");
  same(
    await upload(form({ ...file, name: "no-such-folder/b.png" }, TEMP)),
    500,
    "a folder in the name that is missing",
  );
  const name = `mask-${server.colour()}.png`;
  const mask = (reference: string | null) => {
    const fields = reference === null ? TEMP : { ...TEMP, original_ref: reference };
    return upload(form({ ...file, name }, fields), "/upload/mask");
  };
  same(await mask(null), 500, "a mask without original_ref");
  same(await mask('{"filename": "no-such-original.png"}'), 200, "a mask whose original is absent");
  same((await server.call("GET", `/view?type=temp&filename=${name}`)).status, 404, "its file");
  await upload(form({ name: `o-${name}`, content: png(9, 8, 7, 255) }, TEMP));
  same(await mask(JSON.stringify({ filename: `o-${name}`, type: "temp" })), 200, "a mask with its original");
  same((await server.call("GET", `/view?type=temp&filename=${name}`)).status, 200, "its file");
}

async function names(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  const folder = `conformance/${server.colour()}`;
  const save = async (prefix: string, batch = 1) => {
    const save = { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: `${folder}/${prefix}` } };
    const id = await client.run({ "1": flat(server.colour(), 16, batch), "2": save });
    return (await server.history(id))?.outputs["2"]?.images?.map((file) => `${file.subfolder} ${file.filename}`);
  };
  same(await save("x"), [`${folder} x_00001_.png`], "the first file");
  same(await save("x", 2), [`${folder} x_00002_.png`, `${folder} x_00003_.png`], "two more");
  same(await save("y/x"), [`${folder}/y x_00001_.png`], "a prefix with a folder");
  const literal = await save("%date:yyyy%_%width%x%height%_%batch_num%");
  same(literal, [`${folder} %date:yyyy%_16x16_0_00001_.png`], "patterns in a prefix");
}

/** What the server says a node has put out, by node id. */
async function outputKeys(server: ConformanceServer, graph: Graph): Promise<Record<string, string>> {
  const client = await server.open();
  const entry = await server.history(await client.run(graph));
  const outputs = Object.entries(entry?.outputs ?? {});
  return Object.fromEntries(outputs.map(([id, output]) => [id, Object.keys(output).join("+")]));
}

const WEBP = { filename_prefix: "conformance/animated", fps: 8, lossless: true, quality: 80, method: "default" };

async function outputKinds(server: ConformanceServer): Promise<void> {
  const core: Graph = {
    "1": flat(server.colour(), 16, 2),
    "2": { class_type: "SaveAnimatedWEBP", inputs: { images: ["1", 0], ...WEBP } },
    "3": { class_type: "PrimitiveStringMultiline", inputs: { value: `größer ${server.colour()}` } },
    "4": { class_type: "PreviewAny", inputs: { source: ["3", 0] } },
  };
  same(await outputKeys(server, core), { "2": "images+animated", "4": "text" }, "keys of animation and text");
  if (server.fake === null) return;
  const probes: Graph = { "1": flat(1) };
  const kinds = { SaveWEBM: "images+animated", ProbeSaveVideo: "images+animated", ProbeAudio: "audio", Probe3D: "3d" };
  Object.keys(kinds).forEach((class_type, i) => {
    probes[`${i + 2}`] = { class_type, inputs: { images: ["1", 0], filename_prefix: "x", fps: 8 } };
  });
  same(Object.values(await outputKeys(server, probes)), Object.values(kinds), "keys of video, audio and 3d");
  const client = await server.open();
  const gifs: Graph = {
    "1": flat(1),
    "2": { class_type: "ProbeGifs", inputs: { images: ["1", 0], filename_prefix: "x" } },
  };
  const entry = await server.history(await client.run(gifs));
  const fields = ["filename", "subfolder", "type", "format", "frame_rate", "workflow", "fullpath"];
  keys(entry?.outputs["2"]?.gifs?.[0], fields, "a VideoHelperSuite output");
}

/** Checks 25, 26, 64 and 66. */
export const FILE_CHECKS: readonly Check[] = [
  { number: 25, title: "An upload of a taken name is told apart by its bytes", run: dedupe },
  { number: 26, title: "Bad uploads are 400 or 500; a mask without its original is 200", run: uploadErrors },
  { number: 64, title: "Saved files count up; a slash in the prefix makes a folder", run: names },
  { number: 66, title: "Video, audio, text and 3d come under keys of their own", run: outputKinds },
];
