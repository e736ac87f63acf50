/**
 * The client of the API for apps: browsers, Node, Workers, React Native. It holds no credential and starts nothing by
 * itself; everything it needs of its platform can be handed in.
 */
import type { MeSchema } from "../contract/account.ts";
import type { Share, ShareCreateSchema, Upload } from "../contract/api.ts";
import type { Job, JobStatus } from "../contract/job.ts";
import type { ChangesSchema, JobCreateSchema } from "../contract/job-requests.ts";
import { type Clock, platformClock } from "./clock.ts";
import { readEvent } from "./decode.ts";
import { createFollowedJobs, type Store } from "./followed-jobs.ts";
import { createHttp, type Fetch, queryOf, type TokenProvider } from "./http.ts";
import { type FollowJobOptions, type JobFollow, startFollow } from "./job-follow.ts";
import { newJobId, newUlid } from "./job-id.ts";
import { jobSockets, type WebSocketClass } from "./job-sockets.ts";
import { TRANSPORTS } from "./ladder.ts";
import { type UploadData, type UploadOptions, upload } from "./upload.ts";

export type ClientOptions = {
  /** The service's address, as in `https://api.example.com`. */
  baseUrl: string;
  /** Asked before each request, and once more with the refused token when that has run out. */
  token: TokenProvider;
  /** Sent with each request: `accept-language` for what people are told, `easel-project` beside a sign-in token. */
  headers?: Record<string, string>;
  fetch?: Fetch;
  webSocket?: WebSocketClass;
  /** Whether the WebSocket sends headers, as React Native's does: that saves the request for a ticket. False unless told. */
  webSocketHeaders?: boolean;
  /** Where the followed jobs outlive the app. */
  store?: Store;
  /** Time and chance, for tests. */
  clock?: Partial<Clock>;
};

type Input<T extends { _zod: { input: unknown } }> = T["_zod"]["input"];
type Output<T extends { _zod: { output: unknown } }> = T["_zod"]["output"];

/** What may be asked for; see POST /v1/jobs. */
export type JobRequest = Input<typeof JobCreateSchema>;
export type ShareRequest = Input<typeof ShareCreateSchema>;
/** The job as its creation answers: with the share link that was made with it. */
export type CreatedJob = Job & { new_share: Share | null };
export type Changes = Output<typeof ChangesSchema>;
export type Me = Output<typeof MeSchema>;
export type JobPage = { object: "list"; data: Job[]; has_more: boolean; next_cursor: string | null };
export type JobFilters = {
  status?: JobStatus | readonly JobStatus[];
  workflow?: string;
  [metadata: `metadata[${string}]`]: string;
  /** RFC 3339. */
  created_after?: string;
  created_before?: string;
  view?: "full" | "compact";
  limit?: number;
  cursor?: string;
};

export type SubmitOptions = {
  /** Instead of an id: the same key and request again is the same job. */
  idempotencyKey?: string;
  /** From `newJobId()`, where the app shows the job before it is submitted. */
  id?: string;
  signal?: AbortSignal;
};

/** A job by its id. Nothing is asked of the service until something is called. */
export type JobHandle = {
  readonly id: string;
  /** The newest state that this handle has heard of. */
  readonly last: Job | null;
  get(): Promise<Job>;
  cancel(reason?: string): Promise<Job>;
  /** The same once more, with other inputs where named. */
  rerun(inputs?: Record<string, unknown>, options?: { idempotencyKey?: string }): Promise<SubmittedJob>;
  /** With its pictures and links, for good. */
  delete(): Promise<void>;
  /** Makes a link; its `url` is told only here. Not repeated after a lost answer, for there would be two. */
  share(request?: ShareRequest): Promise<Share>;
  follow(options?: FollowJobOptions): JobFollow;
  /** The job at its end, whatever that is. Rejects when the job is gone, or `signal` aborts. */
  done(options?: FollowJobOptions): Promise<Job>;
};
/** A job that was just created. */
export type SubmittedJob = JobHandle & { readonly created: CreatedJob };

export type Client = {
  /** Creates a job. Safe under any network: a repeat after a lost answer finds the job that was made. */
  submit(request: JobRequest, options?: SubmitOptions): Promise<SubmittedJob>;
  job(id: string): JobHandle;
  /** The jobs that were being followed when the app ended, as they were last known. */
  resume(): Promise<JobHandle[]>;
  upload(data: UploadData, options?: UploadOptions): Promise<Upload>;
  jobs: { list(filters?: JobFilters): Promise<JobPage> };
  /** Everything that changed since a cursor; without one, in the last 30 days. */
  changes(cursor?: string): Promise<Changes>;
  me(): Promise<Me>;
};

export function createClient(options: ClientOptions): Client {
  const { token, store, headers = {}, fetch: given, webSocket = globalThis.WebSocket, webSocketHeaders } = options;
  const clock = { ...platformClock, ...options.clock };
  const http = createHttp({
    baseUrl: options.baseUrl.replace(/\/+$/, ""),
    token,
    headers,
    // As a call of the global: browsers refuse it as a method of something else.
    fetch: given ?? ((url, init) => fetch(url, init)),
    clock,
  });
  const followed = createFollowedJobs(store);
  // React Native's own fetch gives no stream: an answer without end would never come.
  const missing = [webSocket ? "" : "websocket", given || "body" in Response.prototype ? "" : "sse"];
  const transports = TRANSPORTS.filter((one) => !missing.includes(one));

  function job(id: string, last: Job | null = null): JobHandle {
    const path = `/v1/jobs/${id}`;
    const heard = (state: Job) => {
      handle.last = state;
      return state;
    };
    const follow = (wishes: FollowJobOptions = {}) => {
      const openSocket = jobSockets({ http, token, webSocket, takesHeaders: webSocketHeaders, jobId: id });
      const ports = { ...clock, fetch: http.request, openSocket, decodeEvent: readEvent };
      return startFollow({ id, http, followed, transports, heard, ports }, wishes);
    };
    const handle = {
      id,
      last,
      follow,
      get: () => http.call<Job>("GET", path).then(heard),
      cancel: (reason?: string) => http.call<Job>("POST", `${path}/cancel`, { json: { reason } }).then(heard),
      rerun: (inputs = {}, { idempotencyKey = newUlid() } = {}) => create(`${path}/rerun`, { inputs }, idempotencyKey),
      async delete() {
        await http.call("DELETE", path);
        followed.forget(id);
      },
      share: (json = {}) => http.call<Share>("POST", `${path}/shares`, { json, repeatable: false }),
      async done(wishes?: FollowJobOptions) {
        for await (const update of follow({ previews: "none", ...wishes })) if (update.job.terminal) return update.job;
        throw wishes?.signal?.reason ?? new Error("aborted");
      },
    };
    return handle;
  }

  async function create(path: string, json: object, key?: string, signal?: AbortSignal): Promise<SubmittedJob> {
    const keyed: Record<string, string> = key ? { "idempotency-key": key } : {};
    const created = await http.call<CreatedJob>("POST", path, { json, headers: keyed, signal });
    return Object.assign(job(created.id, created), { created });
  }

  return {
    // A key means that the service makes the id of it; beside an id of its own it would mean nothing.
    submit: (request, { idempotencyKey: key, id = key ? undefined : newJobId(), signal } = {}) =>
      create("/v1/jobs", { id, ...request }, key, signal),
    job: (id) => job(id),
    resume: async () => (await followed.list()).map((one) => job(one.id, one.job)),
    upload: (data, wishes) => upload(http, data, wishes),
    jobs: { list: (filters = {}) => http.call<JobPage>("GET", `/v1/jobs${queryOf(filters)}`) },
    changes: (cursor) => http.call<Changes>("GET", `/v1/changes${queryOf({ cursor })}`),
    me: () => http.call<Me>("GET", "/v1/me"),
  };
}
