/** GET /view (protocol §1.8). */
import type { Check } from "../support/check.ts";
import { fits, same } from "../support/expect.ts";
import { form } from "../support/form.ts";
import { kindOf, png } from "../support/picture.ts";
import type { ConformanceServer } from "../support/server.ts";

/** Uploads to a folder under temp and gives the query that names the file. */
async function stored(server: ConformanceServer, name: string, content: Uint8Array | string): Promise<string> {
  const subfolder = `conformance/${server.colour()}`;
  await server.send("/upload/image", { body: form({ name, content }, { type: "temp", subfolder }) });
  return `/view?type=temp&subfolder=${subfolder}&filename=${name}`;
}

async function refusals(server: ConformanceServer, view: string): Promise<void> {
  const table: readonly (readonly [query: string, status: number])[] = [
    ["", 404],
    ["?filename=", 400],
    ["?filename=/etc/passwd", 400],
    ["?filename=a..png", 400],
    ["?type=elsewhere&filename=a.png", 400],
    ["?type=temp&subfolder=../..&filename=a.png", 403],
    ["?type=temp&subfolder=/etc&filename=passwd", 403],
    ["?type=temp&filename=no-such-file.png", 404],
  ];
  for (const [query, status] of table)
    same((await server.call("GET", `/view${query}`)).status, status, `/view${query}`);
  const elsewhere = view.replace("type=temp", "type=output");
  same((await server.call("GET", elsewhere)).status, 404, "the file under the wrong type");
  same((await server.call("GET", `${elsewhere}%20[temp]`)).status, 200, "a suffix with its space");
  same((await server.call("GET", `${elsewhere}[temp]`)).status, 404, "a suffix without its space");
  const inside = view.replace("filename=", "filename=ignored/");
  same((await server.call("GET", inside)).status, 200, "a folder inside the file name");
}

async function raw(server: ConformanceServer, view: string, content: Buffer): Promise<void> {
  const whole = await server.send(view);
  same([whole.status, whole.bytes.equals(content)], [200, true], "the file");
  same(whole.headers["content-type"], "image/png", "its type");
  same(whole.headers["content-disposition"], 'filename="a.png"', "its disposition");
  same(whole.headers["x-content-type-options"], server.since("0.28.0") ? "nosniff" : undefined, "nosniff");
  const part = await server.send(view, { headers: { range: "bytes=1-3" } });
  same([part.status, part.text], [206, "PNG"], "bytes 1 to 3");
  same(part.headers["content-range"], `bytes 1-3/${content.length}`, "their Content-Range");
  const tail = await server.send(view, { headers: { range: "bytes=-4" } });
  same([tail.status, tail.bytes.equals(content.subarray(-4))], [206, true], "the last four bytes");
  const beyond = await server.send(view, { headers: { range: `bytes=${content.length}-` } });
  same([beyond.status, beyond.headers["content-range"]], [416, `bytes */${content.length}`], "a range beyond");
  const { etag = "", "last-modified": modified = "" } = whole.headers;
  const conditions = [
    { "if-none-match": etag },
    { "if-none-match": `"x", ${etag}` },
    { "if-modified-since": modified },
  ];
  for (const headers of conditions) {
    const { status, text } = await server.send(view, { headers });
    same([status, text], [304, ""], `the answer to ${JSON.stringify(headers)}`);
  }
  same((await server.send(view, { headers: { "if-none-match": '"x"' } })).status, 200, "another ETag");
}

async function reencoded(server: ConformanceServer, view: string): Promise<void> {
  const table: readonly (readonly [query: string, type: string, kind: string])[] = [
    ["preview=webp", "image/webp", "WEBP"],
    ["preview=", "image/webp", "WEBP"],
    ["preview=png;50", "image/webp", "WEBP"],
    ["preview=jpeg;50", "image/jpeg", "JPEG"],
    ["preview=jpeg&channel=a", "image/webp", "WEBP"],
    ["channel=rgb", "image/png", "PNG"],
    ["channel=a", "image/png", "PNG"],
  ];
  for (const [query, type, kind] of table) {
    const { status, headers, bytes } = await server.send(`${view}&${query}`);
    same([status, headers["content-type"], kindOf(bytes)], [200, type, kind], query);
    same([headers.etag, headers["last-modified"]], [undefined, undefined], `validators of ${query}`);
  }
  const colours = async (query: string) => (await server.send(`${view}&${query}`)).bytes[25];
  same([await colours("channel=rgb"), await colours("channel=a")], [2, 6], "PNG colour types of rgb and a");
}

async function types(server: ConformanceServer): Promise<void> {
  const page = await server.send(await stored(server, "p.html", "<p>"));
  same(page.headers["content-type"], "application/octet-stream", "the type of an HTML file");
  const preview = await server.send(`${await stored(server, "p.txt", "text")}&preview=webp`);
  same(preview.status, 500, "a preview of a text");
  const vector = (await server.send(await stored(server, "v.svg", "<svg/>"))).headers;
  if (!server.since("0.28.0")) {
    same(vector["content-type"], "image/svg+xml", "the type of an SVG");
    return same(vector["content-disposition"], 'filename="v.svg"', "the disposition of an SVG");
  }
  same(vector["content-type"], "application/octet-stream", "the type of an SVG");
  fits(vector["content-disposition"], /^attachment; filename=/, "the disposition of an SVG");
  same([vector["cache-control"], vector.vary], ["no-store", "Sec-Fetch-Dest"], "Cache-Control and Vary of an SVG");
}

async function view(server: ConformanceServer): Promise<void> {
  const content = png(200, 100, 50, 128);
  const path = await stored(server, "a.png", content);
  await refusals(server, path);
  await raw(server, path, content);
  await reencoded(server, path);
  await types(server);
}

/** Check 27. */
export const VIEW_CHECKS: readonly Check[] = [
  { number: 27, title: "GET /view: statuses, suffixes, ranges, validators, re-encodings, types", run: view },
];
