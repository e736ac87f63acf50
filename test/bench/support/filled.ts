/** The Worker with projects whose indexes are filled by RPC, and what a bench asks of them. */
import { readFileSync } from "node:fs";
import type { Key, Project } from "../../../src/contract/account.ts";
import type { Job } from "../../../src/contract/job.ts";
import { type Caller, callerOf } from "./caller.ts";
import { type LaidOpen, startLaidOpen } from "./laid-open.ts";
import type { Service } from "./service.ts";

/** More requests a minute than a bench makes. */
const MANY = 1_000_000_000;
const FILLED_AT_ONCE = 2_000;

export type BenchProject = { id: string; key: string };
/** How an index is filled; see filling-front.js. */
export type Filling = { total: number; users: number; failEvery: number; unfinished: number };

export type FilledService = {
  service: Service;
  caller: Caller;
  /** Makes a project whose requests are not limited. */
  project(name: string): Promise<BenchProject>;
  /** Fills its index with copies of this job. */
  fill(project: BenchProject, sample: Job, filling: Filling): Promise<void>;
  /** A token of this user's app. */
  token(project: BenchProject, user: string): Promise<string>;
  dispose(): Promise<void>;
};

/** Starts the Worker before this backend. */
export async function startFilled(backendUrl: string, options: Omit<LaidOpen, "script"> = {}): Promise<FilledService> {
  const script = readFileSync(new URL("./filling-front.js", import.meta.url), "utf8");
  const service = await startLaidOpen(backendUrl, { ...options, script });
  const caller = callerOf(service.url);
  const post = async <T>(bearer: string, path: string, body: unknown): Promise<T> =>
    JSON.parse((await caller.call(201, { method: "POST", path, bearer, body })).text) as T;
  return {
    service,
    caller,
    project: async (name) => {
      const made = await post<{ project: Project; key: Key }>(service.key, "/v1/projects", { name });
      const project = { id: made.project.id, key: made.key.secret ?? "" };
      await unlimited(caller, project.key);
      return project;
    },
    fill: async (project, sample, filling) => {
      const doc = JSON.stringify(sample);
      for (let first = 0; first < filling.total; first += FILLED_AT_ONCE) {
        const count = Math.min(FILLED_AT_ONCE, filling.total - first);
        const body = { project: project.id, ...filling, first, count, sampleId: sample.id, doc };
        await caller.call(204, { method: "POST", path: "/bench/fill", body });
      }
    },
    token: async (project, user) =>
      (await post<{ token: string }>(project.key, "/v1/client-tokens", { user, ttl_seconds: 7_200 })).token,
    dispose: async () => {
      caller.close();
      await service.dispose();
    },
  };
}

/** Lifts the limit of requests a minute; the outer shield (12,000 of one caller) stays. */
export async function unlimited(caller: Caller, key: string): Promise<void> {
  const limits = { reads_per_minute: MANY };
  await caller.call(200, { method: "PATCH", path: "/v1/project", bearer: key, body: { limits } });
}
