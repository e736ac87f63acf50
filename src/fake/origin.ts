/** The two middlewares of protocol §1.1, exactly one of which is active: the loopback origin check, or CORS headers. */
import type { Call, FakeResponse } from "./http.ts";
import type { FakeOptions } from "./options.ts";
import { since } from "./version.ts";

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

function hostAndPort(authority: string): { host: string; port: string } {
  const found = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(authority);
  return { host: (found?.[1] ?? authority).toLowerCase(), port: found?.[2] ?? "" };
}

/** Whether the strict default refuses the request with 403 (WebSocket upgrades included). */
export function isForbidden(headers: Readonly<Record<string, string>>, options: FakeOptions): boolean {
  if (options.corsOrigin !== null) return false;
  if (since(options.version, "0.19.0") && headers["sec-fetch-site"] === "cross-site") return true;
  const { host, origin } = headers;
  if (host === undefined || origin === undefined || origin === "null") return false;
  const server = hostAndPort(host);
  if (!LOOPBACK.test(server.host)) return false;
  const from = hostAndPort(origin.replace(/^[a-z]+:\/\//, ""));
  if (from.host === "") return false;
  return from.host !== server.host || (from.port !== "" && server.port !== "" && from.port !== server.port);
}

/** The answer with CORS headers where CORS is on; routing errors and 500s go without. */
export function withCors(call: Call, response: FakeResponse, options: FakeOptions): FakeResponse {
  if (options.corsOrigin === null || response.status === 405 || response.status === 500) return response;
  const methods = `POST, GET, DELETE, PUT, OPTIONS${since(options.version, "0.4.0") ? ", PATCH" : ""}`;
  return {
    ...response,
    status: call.method === "OPTIONS" ? 200 : response.status,
    headers: [
      ...response.headers,
      ["access-control-allow-origin", options.corsOrigin],
      ["access-control-allow-methods", methods],
      ["access-control-allow-headers", "Content-Type, Authorization"],
      ["access-control-allow-credentials", "true"],
    ],
  };
}
