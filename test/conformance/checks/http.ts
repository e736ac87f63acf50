/** Rules that hold for every call: paths, methods, bodies, origins (protocol §1.0, §1.1). */
import { gzipSync } from "node:zlib";
import type { Check } from "../support/check.ts";
import { upgradeStatus } from "../support/client.ts";
import { fits, holds, keys, NotApplicable, same } from "../support/expect.ts";
import type { ConformanceServer } from "../support/server.ts";

const TROUBLE = "500 Internal Server Error\n\nServer got itself in trouble";
const FOREIGN = "http://foreign.example";
const ALLOW_ORIGIN = "access-control-allow-origin";

async function corsOrigin(server: ConformanceServer): Promise<string | undefined> {
  const { headers } = await server.send("/prompt");
  const value = headers[ALLOW_ORIGIN];
  return typeof value === "string" ? value : undefined;
}

async function routesExistTwice(server: ConformanceServer): Promise<void> {
  const paths = ["/prompt", "/queue", "/history?max_items=1", "/system_stats", "/features", "/object_info/EmptyImage"];
  for (const path of [...paths, "/models", "/embeddings", "/extensions"]) {
    const plain = await server.call("GET", path);
    const under = await server.call("GET", `/api${path}`);
    same([plain.status, under.status], [200, 200], `status of ${path} and /api${path}`);
    keys(under.body, Object.keys(plain.body), `/api${path}`);
  }
  same((await server.call("GET", "/api/ws")).status, 400, "plain GET /api/ws");
  same((await server.call("GET", "/jobs")).status, 404, "GET /jobs");
  same((await server.call("GET", "/api/jobs?limit=1")).status, server.since("0.6.0") ? 200 : 404, "GET /api/jobs");
}

async function unknownPaths(server: ConformanceServer): Promise<void> {
  for (const path of ["/no-such-route", "/interrupt", "/queue/"]) {
    const { status, text, headers } = await server.call("GET", path);
    same([status, text, headers["content-type"]], [404, "", "application/octet-stream"], `GET ${path}`);
  }
  for (const method of ["POST", "PUT"]) {
    const { status, headers } = await server.call(method, "/no-such-route", {});
    same([status, headers.allow], [405, "GET,HEAD"], `${method} on an unknown path`);
  }
  same((await server.call("OPTIONS", "/prompt")).status, 200, "OPTIONS");
  const head = await server.call("HEAD", "/system_stats");
  const type = "application/json; charset=utf-8";
  same([head.status, head.headers["content-type"], head.text], [200, type, ""], "HEAD /system_stats");
}

async function bodies(server: ConformanceServer): Promise<void> {
  for (const path of ["/prompt", "/queue", "/history", "/free"]) {
    for (const json of ["{", ""]) {
      const { status, text, headers } = await server.call("POST", path, json);
      same([status, text], [500, TROUBLE], `POST ${path} with the body ${JSON.stringify(json)}`);
      fits(headers["content-type"], /^text\/plain/, "its content type");
    }
  }
  const nothing = JSON.stringify({ prompt: {} });
  const plain = { "content-type": "text/plain" };
  const asText = await server.send("/prompt", { body: Buffer.from(nothing), headers: plain });
  same(asText.body?.error?.type, "prompt_no_outputs", "JSON sent as text/plain");
  const packed = await server.send("/prompt", { body: gzipSync(nothing), headers: { "content-encoding": "gzip" } });
  same(packed.body?.error?.type, "prompt_no_outputs", "JSON sent gzipped");
}

async function bodyLimit(server: ConformanceServer): Promise<void> {
  const limit = (await server.call("GET", "/features")).body.max_upload_size;
  for (const path of ["/prompt", "/queue", "/upload/image"]) {
    const { status, text } = await server.send(path, { body: Buffer.alloc(limit + 1, 32) });
    same(status, 413, `${limit + 1} bytes to ${path}`);
    fits(text, new RegExp(`^Maximum request body size ${limit} exceeded`), "its text");
  }
  holds((await server.send("/queue", { body: Buffer.alloc(limit, 32) })).status !== 413, `${limit} bytes pass`);
}

async function origins(server: ConformanceServer): Promise<void> {
  if ((await corsOrigin(server)) !== undefined) throw new NotApplicable("the server runs with --enable-cors-header");
  const host = "127.0.0.1:8188";
  const ask = async (headers: Record<string, string>) => (await server.send("/prompt", { headers })).status;
  if ((await ask({ host })) !== 200) throw new NotApplicable("what stands in front does not pass a loopback Host");
  const refusal = await server.send("/prompt", { headers: { host, origin: FOREIGN } });
  same([refusal.status, refusal.text], [403, ""], "loopback Host and a foreign Origin");
  same(await ask({ host, origin: "http://127.0.0.1:9999" }), 403, "the same host, another port");
  same(await ask({ host, origin: `http://${host}` }), 200, "the same origin");
  same(await ask({ host, origin: "null" }), 200, "Origin: null");
  same(await ask({ host: "comfy.example", origin: FOREIGN }), 200, "a Host that is not loopback");
  const upgrade = (more: Record<string, string>) => upgradeStatus(`${server.url}/ws`, { ...server.headers, ...more });
  same(await upgrade({ host, origin: FOREIGN }), 403, "upgrade from a foreign Origin");
  same(await upgrade({ host }), 101, "upgrade without Origin");
  const crossSite = server.since("0.19.0") ? 403 : 200;
  same(await ask({ "sec-fetch-site": "cross-site" }), crossSite, "Sec-Fetch-Site: cross-site");
  same(await ask({ "sec-fetch-site": "same-site" }), 200, "Sec-Fetch-Site: same-site");
}

async function cors(server: ConformanceServer): Promise<void> {
  const allowed = await corsOrigin(server);
  if (allowed === undefined) throw new NotApplicable("the server runs without --enable-cors-header");
  const methods = `POST, GET, DELETE, PUT, OPTIONS${server.since("0.4.0") ? ", PATCH" : ""}`;
  for (const method of ["GET", "OPTIONS"]) {
    const headers = { host: "127.0.0.1:8188", origin: FOREIGN, "sec-fetch-site": "cross-site" };
    const reply = await server.send("/prompt", { method, headers });
    same(reply.status, 200, `${method} from a foreign Origin`);
    same(reply.headers["access-control-allow-methods"], methods, "Allow-Methods");
    same(reply.headers["access-control-allow-headers"], "Content-Type, Authorization", "Allow-Headers");
    same(reply.headers["access-control-allow-credentials"], "true", "Allow-Credentials");
  }
  const routing = await server.call("POST", "/no-such-route", {});
  same([routing.status, routing.headers[ALLOW_ORIGIN]], [405, undefined], "a 405 and its Allow-Origin");
  const failure = await server.call("POST", "/prompt", "{");
  same([failure.status, failure.headers[ALLOW_ORIGIN]], [500, undefined], "a 500 and its Allow-Origin");
}

/** Checks 1 to 6. */
export const HTTP_CHECKS: readonly Check[] = [
  { number: 1, title: "Every route answers under /x and /api/x, jobs only under /api", run: routesExistTwice },
  { number: 2, title: "Unknown GET is 404, unknown POST 405; OPTIONS and HEAD are answered", run: unknownPaths },
  { number: 3, title: "Malformed JSON is a 500; Content-Type is ignored; gzip is understood", run: bodies },
  {
    number: 4,
    title: "A body above the limit is a 413 on any route",
    needs: "exclusive",
    options: { maxUploadBytes: 20_000 },
    run: bodyLimit,
  },
  { number: 5, title: "On a loopback Host a foreign Origin is refused, the upgrade too", run: origins },
  {
    number: 6,
    title: "In CORS mode nobody is refused, and routing errors carry no headers",
    options: { corsOrigin: "*" },
    run: cors,
  },
];
