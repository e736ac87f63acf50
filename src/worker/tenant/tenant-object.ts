/**
 * `TenantObject`: one project. It says who may do what, lets jobs in, keeps the list of them and what changed, and counts
 * what is used. It never touches a running job. Entry points only; rules are in core/tenant, rows in the stores.
 */
import type { Project, ProjectPatch, Quota } from "../../contract/account.ts";
import type { Refusal } from "../../core/tenant/limits.ts";
import { patched, projectOf } from "../../core/tenant/settings.ts";
import { dayOf, usageEnd } from "../../core/tenant/usage-days.ts";
import type * as T from "../../core/tenant/vocabulary.ts";
import { configOf } from "../config.ts";
import { Failpoints } from "../failpoints.ts";
import { WebhookDesk } from "../webhooks/webhook-desk.ts";
import { Allowance, type Caller } from "./allowance.ts";
import { JobIndex } from "./job-index.ts";
import { KeyRing } from "./key-ring.ts";
import { ProjectStore } from "./project-store.ts";
import { Rows } from "./rows.ts";
import { Upkeep, VOIDED_KEPT_MS } from "./upkeep.ts";
import { UsageStore } from "./usage-store.ts";
import { WebhookEntries } from "./webhook-entries.ts";

/** What a job takes when it is let in. */
const ONE_JOB = { jobs_per_day: 1, queue_places: 1, creates_per_minute: 1 };

export class TenantObject extends WebhookEntries {
  protected readonly desk: WebhookDesk;
  readonly #id: string;
  readonly #rows: Rows;
  readonly #project: ProjectStore;
  readonly #keys: KeyRing;
  readonly #usage: UsageStore;
  readonly #index: JobIndex;
  readonly #allowance: Allowance;
  readonly #upkeep: Upkeep;
  readonly #failpoints: Failpoints;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#id = ctx.id.name ?? "";
    this.#rows = new Rows(ctx.storage);
    this.#project = new ProjectStore(this.#rows, this.#id);
    this.#keys = new KeyRing(this.#project);
    this.#usage = new UsageStore(this.#rows);
    this.#index = new JobIndex(this.#rows, this.#usage, this.#project);
    this.#allowance = new Allowance(this.#project, this.#usage, this.#index);
    const { testHooks, allowLocalUrls: allowLocal } = configOf(env);
    this.#failpoints = new Failpoints(ctx, testHooks);
    const reach = (point: string) => this.#failpoints.reachStored(point);
    const shared = { projectId: this.#id, storage: ctx.storage, rows: this.#rows };
    this.desk = new WebhookDesk({ ...shared, allowLocal, arm: (at) => this.#upkeep.arm(at), reach });
    const [index, usage, project, desk] = [this.#index, this.#usage, this.#project, this.desk];
    this.#upkeep = new Upkeep({ ...shared, env, index, usage, project, desk });
    ctx.blockConcurrencyWhile(() => this.#upkeep.start(Date.now()));
  }

  /** All that tells whether a credential counts. An object that was never written to has defaults, and stays so. */
  async authority(): Promise<T.Authority> {
    const { name, issuers, limits, userLimits } = this.#project.settings;
    return {
      project: { id: this.#id, name },
      keys: this.#keys.list(Date.now()),
      voidBefore: Object.fromEntries(this.#project.voided),
      issuers,
      limits,
      userLimits,
    };
  }

  /** Makes the project with its first key; a second time changes nothing. */
  async setUp(name: string, key: T.KeyRecord | null = null): Promise<void> {
    const now = Date.now();
    if (this.#project.settings.createdAt !== null) return;
    this.#rows.together(() => {
      this.#project.saveSettings({ ...this.#project.settings, name, createdAt: now });
      if (key) this.#keys.add(key, now);
    });
    this.#upkeep.arm();
  }

  /** The project as its owner sees it. */
  async describe(): Promise<Project> {
    return projectOf(this.#id, this.#project.settings);
  }

  /** Changes what the patch names; of limits, those that it names. */
  async update(patch: ProjectPatch): Promise<Project> {
    this.#project.saveSettings(patched(this.#project.settings, patch, Date.now()));
    return this.describe();
  }

  async addKey(key: T.KeyRecord): Promise<"added" | "limit"> {
    const answer = this.#keys.add(key, Date.now());
    this.#upkeep.arm();
    return answer;
  }

  /** Keys that count, and those that stopped counting in the last 30 days; oldest first. */
  async listKeys(): Promise<T.KeyRecord[]> {
    return this.#keys.list(Date.now());
  }

  /** Puts a key in another's place, which counts on for the overlap. `othersRemain`: keys that are not kept here can make keys. */
  async rotateKey(
    id: string,
    successor: T.KeyRecord,
    overlapMs: number,
    othersRemain = false,
  ): Promise<T.RotateAnswer> {
    const answer = this.#keys.rotate(id, successor, overlapMs, othersRemain, Date.now());
    this.#upkeep.arm();
    return answer;
  }

  /** Revokes a key for good. `othersRemain`: keys that are not kept here can make keys. */
  async revokeKey(id: string, othersRemain = false): Promise<T.RevokeAnswer> {
    const answer = this.#keys.revoke(id, othersRemain, Date.now());
    this.#upkeep.arm();
    return answer;
  }

  /** Voids all tokens of a user made up to now (`at`); the user's unfinished jobs, whose sockets are to be closed. */
  async revokeUser(user: string): Promise<{ at: number; jobIds: string[] }> {
    const at = Date.now();
    this.#project.saveVoided(user, at);
    this.#upkeep.arm(at + VOIDED_KEPT_MS);
    return { at, jobIds: [...this.#index.open.of(user)].map((job) => job.jobId) };
  }

  /** Lets a job in, or says why not. The same job again is let in again, uncounted, unless its credential was revoked. */
  async admit(admission: T.Admission): Promise<T.AdmitAnswer> {
    const now = Date.now();
    const caller = { user: admission.user, token: admission.tokenLimits };
    this.#failpoints.reach("admit:before");
    const revoked = this.#revoked(admission, now);
    if (revoked) return { type: "revoked", code: revoked };
    if (!this.#index.knows(admission.jobId, now)) {
      const refusal = this.#allowance.refusal(ONE_JOB, caller, now);
      if (refusal) return this.#limited(refusal, caller, now);
      const job = this.#index.admit(admission, now);
      this.#allowance.creates.add(admission.user, now);
      this.#failpoints.reach("admit:written");
      this.#upkeep.arm(job.askAt);
      await this.#failpoints.reachStored("admit:after");
    }
    const quotas = this.#allowance.quotas(caller, now);
    return { type: "admitted", quotas, ...this.#allowance.concurrent(caller), hooks: this.desk.book.hooks() };
  }

  /** Hears from a job's object; at least once, in any order. Says which events of it are wanted. */
  async record(record: T.JobRecord): Promise<T.RecordAnswer> {
    this.#failpoints.reach("record:before");
    const news = this.#index.record(record, Date.now());
    this.#failpoints.reach("record:written");
    if (news) this.#upkeep.armFor(this.#index.open.get(record.jobId));
    await this.#failpoints.reachStored("record:after");
    return { hooks: this.desk.book.hooks() };
  }

  async list(query: T.ListQuery): Promise<T.ListAnswer> {
    return this.#index.list(query);
  }

  async changes(query: T.ChangesQuery): Promise<T.ChangesAnswer> {
    return this.#index.changes(query);
  }

  /** What is left of all limits that bind this caller. */
  async quotas(user: string | null, token: Caller["token"]): Promise<Quota[]> {
    return this.#allowance.quotas({ user, token }, Date.now());
  }

  /** Counts an upload, unless it would be too much for the day. The same `id` that comes many times at once counts once. */
  async countUpload(user: string | null, bytes: number, token: Caller["token"], id = ""): Promise<T.UploadAnswer> {
    const now = Date.now();
    const added = this.#allowance.uploads.has(id) ? 0 : bytes;
    const refusal = this.#allowance.refusal({ upload_bytes_per_day: added }, { user, token }, now);
    if (refusal) return this.#limited(refusal, { user, token }, now);
    this.#allowance.uploads.add(id);
    if (added > 0) this.#usage.add({ day: dayOf(now), user, workflow: null, counts: { upload_bytes: added } });
    this.#upkeep.arm(usageEnd(dayOf(now)));
    return { type: "counted", quotas: this.#allowance.quotas({ user, token }, now) };
  }

  /**
   * Counts a live stream as open; again with the same id, it is renewed. Advisory: streams are counted in memory, and
   * one that is not renewed for 10 minutes counts no more, whether or not it is still there.
   */
  async openStream(id: string, user: string | null, token: Caller["token"]): Promise<T.StreamAnswer> {
    const now = Date.now();
    const { streams } = this.#allowance;
    const refusal = streams.has(id, now) ? null : this.#allowance.refusal({ streams: 1 }, { user, token }, now);
    if (refusal) return this.#limited(refusal, { user, token }, now);
    streams.open(id, user, now);
    return { type: "opened", quotas: this.#allowance.quotas({ user, token }, now) };
  }

  async closeStream(id: string): Promise<void> {
    this.#allowance.streams.close(id);
  }

  /** Counts over a span of days, by day, user or workflow. */
  async usage(query: T.UsageQuery): Promise<T.UsageAnswer> {
    return this.#usage.sum(query);
  }

  /** Remembers a project that this one made. */
  async addProject(project: T.ProjectRecord): Promise<void> {
    this.#project.addProject(project);
  }

  /** The projects that this one made, newest first. */
  async listProjects(): Promise<T.ProjectRecord[]> {
    return this.#project.projects();
  }

  async stats(): Promise<T.TenantStats> {
    const open = [...this.#index.open.of(null)];
    return {
      unfinished: open.length,
      pending: open.filter((job) => job.pending).length,
      newest: this.#index.newest,
      floor: this.#project.floor,
      alarmAt: this.#upkeep.armedAt,
      rowsWritten: this.#rows.written,
    };
  }

  /** For tests: dies at a named point of a later call, as in a crash. */
  async dieAt(point: string): Promise<void> {
    this.#failpoints.arm(point);
  }

  /** For tests: the alarm as it will be at a later time. */
  async alarmAt(now: number): Promise<void> {
    if (configOf(this.env).testHooks) await this.#upkeep.run(this.desk.clockAt(now));
  }

  override async alarm(): Promise<void> {
    await this.#upkeep.run(Date.now());
  }

  #revoked({ user, tokenMadeAt, keyId }: T.Admission, now: number): "key_revoked" | "token_revoked" | null {
    if (keyId !== null && !this.#keys.counts(keyId, now)) return "key_revoked";
    if (user === null || tokenMadeAt === null) return null;
    return tokenMadeAt <= (this.#project.voided.get(user) ?? -1) ? "token_revoked" : null;
  }

  #limited(refusal: Refusal, caller: Caller, now: number): T.Limited {
    return { type: "limited", ...refusal, quotas: this.#allowance.quotas(caller, now) };
  }
}
