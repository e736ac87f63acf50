/**
 * What it costs to know who calls: the same answer (404) on a route behind the door and on a public one, by each kind of
 * credential in turn. And what a client token asks of objects and storage, counted inside workerd: nothing but its
 * project's authority, every five seconds.
 */
import { readFileSync } from "node:fs";
import { startSignIn } from "../support/sign-in.ts";
import { type Call, callerOf } from "./support/caller.ts";
import { nowMs, sleep } from "./support/clock.ts";
import { type Bench, difference, type Figure, quantile } from "./support/figure.ts";
import { unlimited } from "./support/filled.ts";
import { startLaidOpen } from "./support/laid-open.ts";

const ASKS = 500;
const WARM_UP_ASKS = 50;
const AUDIENCE = "bench";
/** In front of the Worker: an answer with and without the rate limiter, whose local stand-in takes most of the time. */
const FRONT = `import worker, * as product from "./index.js";
export const { FakeComfyObject, JobObject, PoolObject, TenantObject } = product;
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith("/bench/")) return worker.fetch(request, env, ctx);
    if (pathname === "/bench/shield") await env.SHIELD.limit({ key: "bench" });
    return new Response(null, { status: 404 });
  },
};`;
const PUBLIC = "/m/none/none/original.png";
const BEHIND_THE_DOOR = "/v1/workflows/none";

/** How long what a project says of credentials is believed, and for how long requests are counted. */
const AUTHORITY_MS = 5_000;
const COUNTED_MS = 12_000;
const PAUSE_MS = 5;

type Counts = {
  statements: number;
  rowsWritten: number;
  rowsRead: number;
  bucketReads: number;
  objectCalls: number;
  calls: Record<string, number>;
};

export const auth: Bench = {
  name: "auth",
  run: async () => [...(await times()), ...(await counts())],
};

async function times(): Promise<Figure[]> {
  const signIn = await startSignIn();
  const service = await startLaidOpen("fake:bench", { script: FRONT, vars: { ALLOW_LOCAL_URLS: "on" } });
  const caller = callerOf(service.url);
  try {
    await unlimited(caller, service.key);
    const issuers = [{ issuer: signIn.issuer, jwks_uri: signIn.jwksUri, audience: AUDIENCE }];
    await caller.call(200, { method: "PATCH", path: "/v1/project", bearer: service.key, body: { issuers } });
    const client = await clientToken(caller, service.key);
    const user = await signIn.token({ sub: "u_43" }, { audience: AUDIENCE, seconds: 3_600 });
    const asks = {
      public: { path: PUBLIC },
      "a client token": { path: BEHIND_THE_DOOR, bearer: client },
      "a secret key": { path: BEHIND_THE_DOOR, bearer: service.key },
      "a sign-in token (ES256)": { path: BEHIND_THE_DOOR, bearer: user },
      empty: { path: "/bench/empty" },
      shield: { path: "/bench/shield" },
    } satisfies Record<string, Call>;
    const taken = new Map<string, number[]>();
    for (let index = -WARM_UP_ASKS; index < ASKS; index++) {
      for (const [name, ask] of Object.entries(asks)) {
        const { ms } = await caller.call(404, ask);
        if (index >= 0) taken.set(name, [...(taken.get(name) ?? []), ms]);
      }
    }
    const p50 = (name: keyof typeof asks) => quantile(taken.get(name) ?? [], 0.5);
    const over = (name: keyof typeof asks) =>
      difference(`${name} over a public route, p50`, p50(name), p50("public"), null);
    return [
      over("a client token"),
      over("a secret key"),
      over("a sign-in token (ES256)"),
      difference("of each, the rate limiter's local stand-in, p50", p50("shield"), p50("empty"), null),
    ];
  } finally {
    caller.close();
    await service.dispose();
    await signIn.close();
  }
}

async function counts(): Promise<Figure[]> {
  const script = readFileSync(new URL("./support/counting-front.js", import.meta.url), "utf8");
  const service = await startLaidOpen("fake:bench", { script });
  const caller = callerOf(service.url);
  try {
    await unlimited(caller, service.key);
    const bearer = await clientToken(caller, service.key);
    const read = async () => JSON.parse((await caller.call(200, { path: "/bench/counts" })).text) as Counts;
    const before = await read();
    const start = nowMs();
    let asked = 0;
    for (; nowMs() - start < COUNTED_MS; asked++) {
      await caller.call(404, { path: BEHIND_THE_DOOR, bearer });
      await sleep(PAUSE_MS);
    }
    const windows = Math.ceil((nowMs() - start) / AUTHORITY_MS);
    const after = await read();
    const since = (name: Exclude<keyof Counts, "calls">) => after[name] - before[name];
    const authorities = callsOf(after) - callsOf(before);
    const storage = since("statements") + since("rowsRead") + since("rowsWritten") + since("bucketReads");
    const requests = `${asked} requests by a client token`;
    return [
      counted(`${requests} in ${COUNTED_MS / 1_000} s: asks of the project`, authorities, windows),
      counted("other calls of objects in them", since("objectCalls") - authorities, 0),
      counted("statements, rows and bucket reads in them", storage, 0),
    ];
  } finally {
    caller.close();
    await service.dispose();
  }
}

const callsOf = ({ calls }: Counts): number => calls["TenantObject.authority"] ?? 0;

const counted = (name: string, count: number, limit: number): Figure => ({
  name,
  measured: String(count),
  baseline: null,
  compared: null,
  budget: limit === 0 ? "0" : `<= ${limit}`,
  verdict: count <= limit ? "ok" : "OVER",
});

async function clientToken(caller: ReturnType<typeof callerOf>, bearer: string): Promise<string> {
  const body = { user: "u_42", ttl_seconds: 7_200 };
  const answer = await caller.call(201, { method: "POST", path: "/v1/client-tokens", bearer, body });
  return (JSON.parse(answer.text) as { token: string }).token;
}
