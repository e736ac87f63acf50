/** The HTTP calls of a soak. A Worker that is down or an object that dies in mid-call is asked again, as a client does. */
import type { Health, Share, Upload } from "../../src/contract/api.ts";
import type { Job } from "../../src/contract/job.ts";

const AGAIN_MS = 150;
const GIVE_UP_MS = 60_000;

/** An answer that was read to its end. */
type Answer = { status: number; body: Buffer };

export class Calls {
  readonly url: string;
  readonly auth: Record<string, string>;
  /** How often a call had to be made again. */
  repeated = 0;

  constructor(url: string, key: string) {
    this.url = url;
    this.auth = { authorization: `Bearer ${key}` };
  }

  /** The first whole answer below 500. @throws {Error} when there is none for a minute. */
  async send(path: string, init: RequestInit = {}): Promise<Answer> {
    const until = Date.now() + GIVE_UP_MS;
    for (;;) {
      const answer = await this.#once(path, init).catch((error: unknown) => String(error));
      if (typeof answer !== "string" && answer.status < 500) return answer;
      if (Date.now() > until) {
        const why = typeof answer === "string" ? answer : `${answer.status}: ${answer.body.toString()}`;
        throw new Error(`${init.method ?? "GET"} ${path}: no answer for a minute, the last was ${why}`);
      }
      this.repeated += 1;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  async #once(path: string, init: RequestInit): Promise<Answer> {
    const answer = await fetch(this.url + path, { ...init, headers: { ...this.auth, ...init.headers } });
    return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
  }

  /** What a call answers as JSON. @throws {Error} with the words of a refusal. */
  async #json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const { status, body } = await this.send(path, init);
    if (status >= 300) throw new Error(`${init.method ?? "GET"} ${path} answered ${status}: ${body.toString()}`);
    return JSON.parse(body.toString()) as T;
  }

  #post<T>(path: string, body: unknown): Promise<T> {
    const headers = { "content-type": "application/json" };
    return this.#json<T>(path, { method: "POST", body: JSON.stringify(body), headers });
  }

  create = (body: unknown) => this.#post<Job>("/v1/jobs", body);
  share = (jobId: string) => this.#post<Share & { url: string }>(`/v1/jobs/${jobId}/shares`, {});

  /** Asks for the end; a job that has ended is left as it is. */
  cancel = (jobId: string) => this.#post<Job>(`/v1/jobs/${jobId}/cancel`, {});

  upload(bytes: Uint8Array<ArrayBuffer>): Promise<Upload> {
    return this.#json("/v1/uploads", { method: "POST", body: bytes, headers: { "content-type": "image/png" } });
  }

  /** The job as soon as it differs from `known`, or after 20 s. @throws {Error} when it is unknown. */
  async job(jobId: string, known: Job | null): Promise<Job> {
    const headers: Record<string, string> = known ? { "if-none-match": `W/"${known.seq}"`, prefer: "wait=20" } : {};
    const { status, body } = await this.send(`/v1/jobs/${jobId}`, { headers });
    if (status === 304 && known) return known;
    if (status !== 200) throw new Error(`GET of the job answered ${status}: ${body.toString()}`);
    return JSON.parse(body.toString()) as Job;
  }

  async bytes(path: string): Promise<Uint8Array> {
    const { status, body } = await this.send(path);
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${body.toString()}`);
    return body;
  }

  health(): Promise<Health> {
    return this.#json("/v1/health");
  }
}
