/**
 * Projects, keys and tokens as an owner and a server make them over HTTP, and what those who hold them ask of their
 * account: lists, changes, limits, refusals.
 */
import { expect } from "vitest";
import type * as z from "zod";
import {
  type ClientToken,
  type Key,
  type Limits,
  MeSchema,
  type Project,
  type Quota,
  UsageSchema,
} from "../../src/contract/account.ts";
import { listOf } from "../../src/contract/api.ts";
import type { Problem } from "../../src/contract/errors.ts";
import { JobSchema } from "../../src/contract/job.ts";
import { ChangesSchema } from "../../src/contract/job-requests.ts";
import { CLIENT_SCOPES } from "../../src/contract/scopes.ts";
import { type CreatedJob, problemOf, WorkerClient } from "./worker-client.ts";

async function made<T>(response: Response): Promise<T> {
  const body = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(201);
  return body as T;
}

/** Another project of the same deployment, and a client with its first key. */
export async function otherProject(owner: WorkerClient, name = "Other") {
  const { project, key } = await made<{ project: Project; key: Key }>(await owner.post("/v1/projects", { name }));
  return { project, key, client: new WorkerClient(owner.url, key.secret ?? "") };
}

/** A project for one test, with these settings: what it uses up, no other test notices. */
export async function projectWith(owner: WorkerClient, settings: Record<string, unknown> = {}): Promise<WorkerClient> {
  const { client } = await otherProject(owner);
  await setProject(client, settings);
  return client;
}

/** A key of the caller's project. */
export async function makeKey(client: WorkerClient, scopes: readonly string[], more: Record<string, unknown> = {}) {
  const key = await made<Key>(await client.post("/v1/keys", { name: "test", scopes, ...more }));
  return { key, client: new WorkerClient(client.url, key.secret ?? "") };
}

/** A client that calls with a token of this user. */
export async function asUser(server: WorkerClient, user: string, more: Record<string, unknown> = {}) {
  const { token } = await made<ClientToken>(await server.post("/v1/client-tokens", { user, ...more }));
  return new WorkerClient(server.url, token);
}

/** What a token needs to submit raw graphs, besides all that apps may do. */
export const WITH_GRAPHS = { scopes: [...CLIENT_SCOPES, "graph:submit"] };

/** A client that calls with no credential, or with this one. */
export const calling = (client: WorkerClient, credential = ""): WorkerClient =>
  new WorkerClient(client.url, credential);

/** Sends JSON by any method. */
export const send = (client: WorkerClient, method: string, path: string, body: unknown = {}): Promise<Response> =>
  client.request(path, { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } });

/** Reads JSON that must be there and be what the contract says. */
export async function read<T extends z.ZodType>(client: WorkerClient, path: string, schema: T): Promise<z.output<T>> {
  const response = await client.request(path);
  const body = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  return schema.parse(body);
}

/** What comes to be so in a moment: the index hears of a job a little after the job's object. */
export const eventually = <T>(look: () => T): ReturnType<typeof expect.poll<T>> =>
  expect.poll(look, { timeout: 20_000 });

/** Changes the project's settings. */
export async function setProject(client: WorkerClient, patch: Record<string, unknown>): Promise<Project> {
  const response = await send(client, "PATCH", "/v1/project", patch);
  const body = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body as Project;
}

/** Status and code of an error, which is held to all that every error promises. */
export async function refused(response: Response): Promise<[number, string]> {
  const { status, code } = await problemOf(response);
  return [status, code];
}

/** A refusal by a limit: what it says, and in how many seconds to come back. */
export async function limited(response: Response): Promise<{ problem: Problem; retryAfterSeconds: number }> {
  const retryAfter = response.headers.get("retry-after");
  const problem = await problemOf(response);
  expect([problem.status, problem.retryable]).toEqual([429, true]);
  expect(retryAfter).toMatch(/^[1-9]\d*$/);
  expect(Math.ceil((problem.retry_after_ms ?? 0) / 1000)).toBe(Number(retryAfter));
  return { problem, retryAfterSeconds: Number(retryAfter) };
}

/** Deletes something that must be there. */
export async function remove(client: WorkerClient, path: string): Promise<void> {
  const response = await client.request(path, { method: "DELETE" });
  expect(response.status, await response.text()).toBe(204);
}

const JobPageSchema = listOf(JobSchema);
export type JobPage = z.infer<typeof JobPageSchema>;
type Query = Record<string, string>;

/** A page of the list. */
export const listJobs = (client: WorkerClient, query: Query = {}): Promise<JobPage> =>
  read(client, `/v1/jobs?${new URLSearchParams(query)}`, JobPageSchema);

/** The ids of all jobs that a list shows, page by page. */
export async function listedIds(client: WorkerClient, query: Query = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: JobPage = await listJobs(client, { ...query, cursor });
    ids.push(...page.data.map((job) => job.id));
    cursor = page.next_cursor;
  }
  return ids;
}

/** A page of the feed since a cursor; "" is the beginning. */
export const changesSince = (client: WorkerClient, cursor: string, query: Query = {}) =>
  read(client, `/v1/changes?${new URLSearchParams({ ...query, cursor })}`, ChangesSchema);

/** Who the caller is. */
export const me = (client: WorkerClient) => read(client, "/v1/me", MeSchema);

/** How one of the caller's limits stands. */
export async function quota(client: WorkerClient, name: keyof Limits, scope = "project"): Promise<Quota> {
  const { quotas } = await me(client);
  const found = quotas.find((one) => one.name === name && one.scope === scope);
  if (!found) throw new Error(`No limit ${name} of the ${scope}: ${JSON.stringify(quotas)}`);
  return found;
}

/** What was used, by day unless the query says otherwise. */
export const usage = async (client: WorkerClient, query: Query = {}) =>
  (await read(client, `/v1/usage?${new URLSearchParams(query)}`, UsageSchema)).data;

/** The job that a create answered with, and whether it was a replay. */
export async function createdBy(response: Response): Promise<{ job: CreatedJob; replayed: boolean }> {
  const job = (await response.json()) as CreatedJob;
  expect(response.status, JSON.stringify(job)).toBeGreaterThanOrEqual(201);
  expect(response.status, JSON.stringify(job)).toBeLessThanOrEqual(202);
  return { job, replayed: response.headers.get("idempotent-replayed") === "true" };
}

/** Cancels jobs and waits until they have ended. */
export async function stop(client: WorkerClient, ...jobs: { id: string }[]): Promise<void> {
  for (const { id } of jobs) await client.post(`/v1/jobs/${id}/cancel`, {});
  for (const { id } of jobs) await client.ended(id);
}

export type Rate = { limit: number; remaining: number; windowSeconds: number | null; resetSeconds: number | null };

/** What the RateLimit headers of an answer tell, by the name of the limit. */
export function ratesOf(response: Response): Record<string, Rate> {
  const policies = itemsOf(response.headers.get("ratelimit-policy"));
  const states = itemsOf(response.headers.get("ratelimit"));
  expect([...states.keys()], "each policy has a state").toEqual([...policies.keys()]);
  const number = (text: string | undefined) => (text === undefined ? null : Number(text));
  const rates = [...policies].map(([name, policy]): [string, Rate] => {
    const state = states.get(name) ?? {};
    return [
      name,
      {
        limit: Number(policy.q),
        remaining: Number(state.r),
        windowSeconds: number(policy.w),
        resetSeconds: number(state.t),
      },
    ];
  });
  return Object.fromEntries(rates);
}

/** `"name";a=1;b=2, …` */
function itemsOf(header: string | null): Map<string, Record<string, string>> {
  const items = (header ?? "").split(",").filter((item) => item.trim() !== "");
  return new Map(
    items.map((item) => {
      const [name = "", ...parameters] = item.trim().split(";");
      expect(name).toMatch(/^"[a-z-]+"$/);
      return [name.slice(1, -1), Object.fromEntries(parameters.map((one) => one.split("=")))];
    }),
  );
}
