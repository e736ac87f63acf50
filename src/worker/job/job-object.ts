/**
 * `JobObject`: one job. Entry points only (RPC, viewers' sockets, alarm), each a few lines; the door says who finds what
 * (job-access), the machine decides (core/job), the engine obeys (job-engine), the effects do (job-effects), the view
 * shows (job-view).
 */
import { DurableObject } from "cloudflare:workers";
import type { ShareCreate } from "../../contract/api.ts";
import type { PublicJob } from "../../contract/job.ts";
import type { JobPatch } from "../../contract/job-requests.ts";
import { CLOSE_CODES } from "../../contract/viewer.ts";
import { newJob } from "../../core/job/machine.ts";
import { patchOf } from "../../core/job/patch.ts";
import { mayReach, type Reader } from "../../core/job/reader.ts";
import type { JobSpec } from "../../core/job/spec.ts";
import type { Learned, Lease, QueuePlace } from "../../core/job/state.ts";
import type { JobRecord } from "../../core/tenant/vocabulary.ts";
import { configOf } from "../config.ts";
import { VIEWER_HEADER, ViewerSpecSchema } from "../viewers/viewer.ts";
import { firstRequestOf } from "./job-access.ts";
import type { CreateAnswer, PatchAnswer, ReadAnswer, RemoveAnswer } from "./job-answers.ts";
import { type JobParts, jobParts } from "./job-parts.ts";
import type { OpenShare, ShareDoor } from "./job-shares.ts";

export type { Shown } from "./job-answers.ts";

export class JobObject extends DurableObject<Env> {
  readonly #job: JobParts;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#job = jobParts(ctx, env);
    if (!this.#job.engine.state) return;
    // Links are needed before anybody can be shown the job.
    ctx.blockConcurrencyWhile(async () => {
      await this.#prepareLinks();
      this.#job.engine.revive(await ctx.storage.getAlarm());
    });
  }

  /** The answer to a request that came before, or null for the first one: the same id with another is a conflict. */
  async replay(reader: Reader, fingerprint: string): Promise<CreateAnswer | null> {
    const { access, engine, view } = this.#job;
    await this.#prepareLinks();
    const known = access.known(fingerprint);
    if (known?.type !== "replay") return known;
    return { type: "replayed", job: view.document(engine.job, reader), share: null };
  }

  /** Creates the job, or replays it; shown as its user sees it. */
  async create(
    spec: JobSpec,
    graph: string,
    share: { create: ShareCreate; token: string } | null,
  ): Promise<CreateAnswer> {
    const { access, engine, failpoints, shares, view } = this.#job;
    const { user, fingerprint } = spec;
    const row = share ? await shares.prepare(share.create, share.token, Date.now(), spec.expiresAt) : null;
    // From here to the write nothing waits: a second request finds either no job or all of it.
    if (access.known(fingerprint)) return (await this.replay({ user }, fingerprint)) ?? { type: "conflict" };
    failpoints.reach("create:before-write");
    const made = share && row ? shares.add(spec, row, share.token) : null;
    engine.begin(newJob(spec), graph);
    const job = view.document(engine.job, { user });
    await failpoints.reachStored("create:after-write");
    return { type: "created", job, share: made?.type === "made" ? made.share : null };
  }

  /** The job as it is now. */
  async read(reader: Reader): Promise<ReadAnswer> {
    await this.#prepareLinks();
    return this.#job.access.within(reader, (state) => this.#job.view.document(state, reader));
  }

  /** Asks for the end; a job that has ended stays as it is. */
  async cancel(reader: Reader, by: string, reason: string | null): Promise<ReadAnswer> {
    const { access, engine } = this.#job;
    access.within(reader, () => engine.apply({ type: "cancel_requested", by, reason }));
    return this.read(reader);
  }

  /** Changes metadata, retention, and while the job waits its priority; all of it or nothing. */
  async patch(reader: Reader, patch: JobPatch): Promise<PatchAnswer> {
    const { access, engine } = this.#job;
    const refused = access.within(reader, (state) => {
      const event = patchOf(state, patch, Date.now());
      if (event.type === "patched") engine.apply(event);
      return event.type === "not_queued";
    });
    return refused === true ? { type: "not_queued" } : this.read(reader);
  }

  /** Deletes the job: from now on nobody finds it. Asked for twice it answers the same. */
  async remove(reader: Reader): Promise<RemoveAnswer> {
    const { access, engine } = this.#job;
    return access.within(reader, (): RemoveAnswer => {
      engine.apply({ type: "remove_requested", by: "deleted" });
      return { type: "deleted" };
    });
  }

  /** What the job was asked to do, for another one like it. */
  async request(reader: Reader) {
    const { access, store } = this.#job;
    return access.within(reader, (state) => firstRequestOf(state, () => store.graph()));
  }

  /** The submitted graph as exact JSON text. */
  async graph(reader: Reader) {
    const { access, store } = this.#job;
    return access.within(reader, () => ({ type: "found", graph: store.graph() }) as const);
  }

  /** The job for its project's index; null where there never was one, or where it is gone and the index was told. */
  async report(): Promise<JobRecord | null> {
    const { engine, view } = this.#job;
    return engine.state && view.record(engine.state);
  }

  /** Whether media that are found by this object's name belong to a job that the caller reaches. */
  async owns({ user, project }: Reader & { project: string }): Promise<boolean> {
    const { open } = this.#job.access;
    return open !== null && open.spec.project === project && mayReach(open.spec, { user });
  }

  /** The pool gives the job a place. At least once; the second time changes nothing. */
  async grant(lease: Lease, learned: Learned | null): Promise<void> {
    const { engine } = this.#job;
    // A job that is gone gives the lease back, or it would block its place until it expires.
    if (!engine.state) return this.env.POOL.getByName("main").release(lease.id, { type: "unused" }, "", {});
    engine.apply({ type: "lease_granted", lease, learned });
  }

  /** The pool tells the job's place in line. */
  async place(place: QueuePlace): Promise<void> {
    this.#job.engine.apply({ type: "queue_place", place });
  }

  /** Makes a share link from a token minted by the Worker. */
  async addShare(reader: Reader, create: ShareCreate, token: string) {
    const { access, shares } = this.#job;
    const row = await shares.prepare(create, token, Date.now(), access.open?.expiresAt ?? 0);
    return access.within(reader, ({ spec }) => shares.add(spec, row, token));
  }

  /** All links of the job, without their tokens. */
  async listShares(reader: Reader) {
    const { access, shares, viewers } = this.#job;
    return access.within(
      reader,
      ({ spec }) => ({ type: "found", shares: shares.list(spec.id, viewers.watching) }) as const,
    );
  }

  /** Closes a link and whoever is watching by it, at once. */
  async revokeShare(reader: Reader, shareId: string): Promise<boolean> {
    const { access, shares, viewers } = this.#job;
    if (access.within(reader, () => shares.revoke(shareId, Date.now())) !== true) return false;
    viewers.closeAll(CLOSE_CODES.gone, "The link was closed.", shareId);
    return true;
  }

  /** Whether a share's secret opens the job. Links of a job that is gone are closed. */
  async openShare(secret: string): Promise<ShareDoor> {
    const { access, shares } = this.#job;
    const door = access.open ? await shares.open(secret, Date.now()) : ({ type: "unknown" } as const);
    const { gone } = access;
    return gone === null ? door : { type: gone === "deleted" ? "revoked" : "expired" };
  }

  /** The job as a share link shows it. `base` is the link's path. */
  async readShared(
    secret: string,
    base: string,
  ): Promise<{ type: "found"; job: PublicJob; share: OpenShare } | Exclude<ShareDoor, OpenShare>> {
    const share = await this.openShare(secret);
    if (share.type !== "open") return share;
    return { type: "found", job: this.#job.view.shared(this.#job.engine.job, base, share.reveal), share };
  }

  /** The latest preview's bytes, or null where there is none now. */
  async preview(reader: Reader): Promise<{ bytes: Uint8Array; contentType: string; rev: number } | null> {
    const { access, view } = this.#job;
    const found = access.within(reader, ({ preview }) => {
      const { latest } = view;
      return latest && preview ? { bytes: latest.bytes, contentType: preview.contentType, rev: latest.rev } : null;
    });
    return found && "bytes" in found ? found : null;
  }

  /** Takes a ticket by which a stream is opened: true the first time. `expiresAt` in ms. */
  async useTicket(jti: string, expiresAt: number): Promise<boolean> {
    const { access, store } = this.#job;
    return access.open !== null && store.useTicket(jti, expiresAt, Date.now());
  }

  /** Closes the streams of a user whose tokens made up to then (ms) were revoked. */
  async closeUser(user: string, madeBefore: number): Promise<void> {
    this.#job.viewers.closeUser(user, madeBefore);
  }

  /** For tests: dies as a crash would, without a word to anyone. */
  async abort(): Promise<void> {
    if (configOf(this.env).testHooks) this.ctx.abort("test");
  }

  /** For tests: dies when it next comes by this point. */
  async dieAt(point: string): Promise<void> {
    this.#job.failpoints.arm(point);
  }

  /** For tests: the job's alarm as it will be at a later time; when it next has to come, null where it need not. */
  async clockAt(now: number): Promise<number | null> {
    const { clock, engine, outbox } = this.#job;
    if (!configOf(this.env).testHooks || !engine.state) return null;
    clock.aheadMs = now - Date.now();
    engine.alarm();
    await outbox.settled();
    return outbox.nextAt;
  }

  /** For tests: R2 fails the next `count` writes of results. */
  async failWrites(count: number): Promise<void> {
    if (configOf(this.env).testHooks) this.#job.effects.failWrites(count);
  }

  /** A viewer's socket. The Worker has checked who it is and says so in a header of its own. */
  override async fetch(request: Request): Promise<Response> {
    const { access, view, viewers } = this.#job;
    const spec = ViewerSpecSchema.safeParse(JSON.parse(request.headers.get(VIEWER_HEADER) ?? "null"));
    await this.#prepareLinks();
    const { open } = access;
    if (!spec.success || request.headers.get("upgrade") !== "websocket" || !open || !mayReach(open.spec, spec.data))
      return new Response(null, { status: 404 });
    if (spec.data.role === "viewer" && spec.data.after === null) view.joined();
    return viewers.accept(spec.data, request.headers.get("sec-websocket-protocol"), "finishedAt" in open.stage);
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#job.viewers.heard(socket, message);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#job.viewers.closed(socket, code);
  }

  override webSocketError(socket: WebSocket): void {
    this.#job.viewers.closed(socket, CLOSE_CODES.internal);
  }

  override async alarm(): Promise<void> {
    if (this.#job.engine.state) this.#job.engine.alarm();
    else await this.#job.store.forget(Date.now());
  }

  async #prepareLinks(): Promise<void> {
    const { open } = this.#job.access;
    if (open) await this.#job.view.prepareLinks(open);
  }
}
