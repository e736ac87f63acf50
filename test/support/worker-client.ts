/** The HTTP calls that tests make of a running Worker, with its key. Waiting is long polling, never sleeping. */
import { expect } from "vitest";
import type { Share, Upload } from "../../src/contract/api.ts";
import { type Problem, ProblemSchema } from "../../src/contract/errors.ts";
import { type Job, JobSchema } from "../../src/contract/job.ts";
import { watchSocket, watchStream } from "./viewers.ts";

export type CreatedJob = Job & { new_share: Share | null };
/** `key: null` sends none. */
export type CallInit = Omit<RequestInit, "headers"> & { headers?: Record<string, string>; key?: string | null };

/** Longest time anything may take before a test calls it stuck. */
const STUCK_MS = 25_000;

export class WorkerClient {
  readonly url: string;
  readonly key: string;

  constructor(url: string, key: string) {
    this.url = url;
    this.key = key;
  }

  /** The headers of the owner. */
  get auth(): Record<string, string> {
    return { authorization: `Bearer ${this.key}` };
  }

  /** Calls a path (or a whole URL), as the owner unless told otherwise. */
  request(path: string, init: CallInit = {}): Promise<Response> {
    const { key = this.key, headers, ...rest } = init;
    return fetch(new URL(path, this.url), {
      redirect: "manual",
      ...rest,
      headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
    });
  }

  /** POSTs JSON. */
  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return this.request(path, {
      method: "POST",
      body: text,
      headers: { "content-type": "application/json", ...headers },
    });
  }

  /** Creates a job that must be accepted. */
  async createJob(body: Record<string, unknown>, headers: Record<string, string> = {}): Promise<CreatedJob> {
    const response = await this.post("/v1/jobs", body, headers);
    const job = (await response.json()) as CreatedJob;
    expect(response.status, JSON.stringify(job)).toBeGreaterThanOrEqual(201);
    expect(response.status, JSON.stringify(job)).toBeLessThanOrEqual(202);
    return job;
  }

  /** Creates a job and waits for its end. */
  async run(body: Record<string, unknown>): Promise<Job> {
    return this.ended((await this.createJob(body)).id);
  }

  async getJob(id: string): Promise<Job> {
    const response = await this.request(`/v1/jobs/${id}`);
    expect(response.status).toBe(200);
    return JobSchema.parse(await response.json());
  }

  /** The job as soon as `wanted` holds of it, by long polling. */
  async until(id: string, wanted: (job: Job) => boolean): Promise<Job> {
    const deadline = Date.now() + STUCK_MS;
    let job = await this.getJob(id);
    while (!wanted(job)) {
      if (job.terminal || Date.now() > deadline) throw new Error(`The job never got there: ${JSON.stringify(job)}`);
      const headers = { "if-none-match": `W/"${job.seq}"`, prefer: "wait=2" };
      const response = await this.request(`/v1/jobs/${id}`, { headers });
      if (response.status === 200) job = (await response.json()) as Job;
      else expect(response.status).toBe(304);
    }
    return job;
  }

  ended(id: string): Promise<Job> {
    return this.until(id, (job) => job.terminal);
  }

  async upload(bytes: Uint8Array<ArrayBuffer>, type = "image/png"): Promise<Upload> {
    const response = await this.request("/v1/uploads", {
      method: "POST",
      body: bytes,
      headers: { "content-type": type },
    });
    const upload = (await response.json()) as Upload;
    expect(response.ok, JSON.stringify(upload)).toBe(true);
    return upload;
  }

  async share(jobId: string, body: Record<string, unknown> = {}): Promise<Share & { url: string }> {
    const response = await this.post(`/v1/jobs/${jobId}/shares`, body);
    expect(response.status).toBe(201);
    return (await response.json()) as Share & { url: string };
  }

  /** The bytes behind a URL of ours, without a key. */
  async bytes(url: string | null, init: CallInit = { key: null }): Promise<Uint8Array> {
    const response = await this.request(url ?? "/no-url", init);
    expect(response.status).toBeLessThan(300);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Watches over WebSocket; `path` is a job's or share's events. */
  socket(path: string, options: { key?: string | null; acknowledge?: boolean } = {}) {
    const { key = this.key, ...rest } = options;
    const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
    return watchSocket(new URL(path, this.url.replace(/^http/, "ws")).href, { headers, ...rest });
  }

  /** Watches over SSE. */
  stream(path: string, options: { key?: string | null; headers?: Record<string, string> } = {}) {
    const { key = this.key, headers = {} } = options;
    const auth: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
    return watchStream(new URL(path, this.url).href, { ...auth, ...headers });
  }
}

/** Reads an error answer and holds it to everything that every error promises. */
export async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = ProblemSchema.parse(await response.json());
  expect(problem.status).toBe(response.status);
  expect(problem.detail.length).toBeGreaterThan(10);
  expect(problem.user_message.length).toBeGreaterThan(10);
  expect(response.headers.get("request-id")).toBe(problem.request_id);
  expect(problem.instance).toBe(`urn:easel:${problem.request_id}`);
  expect(response.headers.get("should-retry")).toBe(String(problem.retryable));
  const page = await fetch(problem.type);
  expect(page.status, problem.type).toBe(200);
  expect(await page.text()).toContain(problem.code);
  return problem;
}
