/**
 * `JobObject`: one job. Entry points only (RPC, viewers' sockets, alarm), each a few lines; the machine decides
 * (core/job), the engine obeys (job-engine), the effects do (job-effects), the view shows (job-view).
 */
import { DurableObject } from "cloudflare:workers";
import type { Share, ShareCreate } from "../../contract/api.ts";
import type { PublicJob } from "../../contract/job.ts";
import { CLOSE_CODES } from "../../contract/viewer.ts";
import { newJob } from "../../core/job/machine.ts";
import type { JobSpec } from "../../core/job/spec.ts";
import type { Learned, Lease, QueuePlace } from "../../core/job/state.ts";
import { removeOutputs } from "../artifacts/artifact-store.ts";
import { MediaLinks } from "../artifacts/media-links.ts";
import { configOf } from "../config.ts";
import { VIEWER_HEADER, ViewerSpecSchema } from "../viewers/viewer.ts";
import { ViewerSockets } from "../viewers/viewer-sockets.ts";
import { JobEffects } from "./job-effects.ts";
import { JobEngine } from "./job-engine.ts";
import { type OpenShare, type ShareDoor, Shares } from "./job-shares.ts";
import { JobStore } from "./job-store.ts";
import { JobView } from "./job-view.ts";
import { showChanges } from "./show-changes.ts";

/** How long an erased job is remembered as such. */
const TOMBSTONE_MS = 30 * 86_400_000;
const OWNER = { role: "owner", base: null, reveal: ["previews", "outputs"] } as const;

/** A job on its way to a caller: the document as JSON text, and what the Worker needs to know of it. */
export type Shown = { type: "found"; json: string; seq: number; terminal: boolean; pollAfterMs: number | null };
export type CreateAnswer = { type: "created" | "replayed"; job: Shown; share: Share | null } | { type: "conflict" };
export type ReadAnswer = Shown | { type: "unknown" } | { type: "erased" };

export class JobObject extends DurableObject<Env> {
  readonly #store: JobStore;
  readonly #links: MediaLinks;
  readonly #view: JobView;
  readonly #viewers: ViewerSockets;
  readonly #engine: JobEngine;
  readonly #effects: JobEffects;
  readonly #shares: Shares;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const config = configOf(env);
    this.#store = new JobStore(ctx.storage);
    this.#links = new MediaLinks(config.signingSecret);
    this.#view = new JobView(this.#store, this.#links, { now: 0, peak: 0, total: 0 });
    this.#shares = new Shares(this.#store);
    this.#effects = new JobEffects({
      env,
      config,
      jobName: ctx.id.name ?? "",
      state: () => this.#engine.job,
      graph: () => this.#store.graph(),
      frame: (key) => this.#engine.frames.get(key),
      linked: (output) => this.#links.prepare(this.#engine.job.spec.origin, [output], Date.now()),
      heard: (event) => this.#engine.apply(event),
      erase: () => this.#erase(),
    });
    this.#engine = new JobEngine(
      {
        store: this.#store,
        setAlarm: (at) => void ctx.storage.setAlarm(at),
        show: (changes, state) => showChanges(changes, state, this.#view, this.#viewers),
        perform: (effect, name, signal) => this.#effects.perform(effect, name, signal),
        hangUp: () => this.#effects.hangUp(),
      },
      this.#store.load(),
    );
    this.#viewers = new ViewerSockets(ctx, {
      welcome: (spec) => this.#view.welcome(this.#engine.job, spec),
      conflated: (spec) => this.#view.conflated(this.#engine.job, spec),
      preview: (spec, mode) => this.#view.preview(this.#engine.job, spec, mode),
      latestPreviewRev: () => this.#view.latest?.rev ?? 0,
      counted: (now) => this.#view.counted(this.#engine.job, now),
      cancel: () => this.#engine.apply({ type: "cancel_requested", by: "owner", reason: null }),
    });
    if (this.#engine.state) {
      // Links are needed before anybody can be shown the job.
      ctx.blockConcurrencyWhile(async () => this.#prepareLinks());
      this.#engine.revive();
    }
  }

  /** The answer to a request that came before, or null for the first one: the same id with another is a conflict. */
  async replay(fingerprint: string): Promise<CreateAnswer | null> {
    const known = this.#engine.state;
    if (!known) return this.#store.erasedAt() === null ? null : { type: "conflict" };
    if (known.spec.fingerprint !== fingerprint) return { type: "conflict" };
    await this.#prepareLinks();
    return { type: "replayed", job: this.#owned(), share: null };
  }

  /** Creates the job, or replays it. */
  async create(
    spec: JobSpec,
    graph: string,
    share: { create: ShareCreate; token: string } | null,
  ): Promise<CreateAnswer> {
    const row = share ? await this.#shares.prepare(spec, share.create, share.token, Date.now()) : null;
    const replay = await this.replay(spec.fingerprint);
    if (replay) return replay;
    // From here to the end nothing waits: a second request finds either no job or all of it.
    const state = newJob(spec);
    this.#store.create(state, graph);
    const made = share && row ? this.#shares.add(spec, row, share.token) : null;
    this.#engine.begin(state);
    return { type: "created", job: this.#owned(), share: made?.type === "made" ? made.share : null };
  }

  /** The job as it is now, for its owner. */
  async read(): Promise<ReadAnswer> {
    if (!this.#engine.state) return this.#absent();
    await this.#prepareLinks();
    return this.#owned();
  }

  /** Asks for the end; a job that has ended stays as it is. */
  async cancel(by: string, reason: string | null): Promise<ReadAnswer> {
    this.#engine.apply({ type: "cancel_requested", by, reason });
    return this.read();
  }

  /** The pool gives the job a place. At least once; the second time changes nothing. */
  async grant(lease: Lease, learned: Learned | null): Promise<void> {
    // A job that is gone gives the lease back, or it would block its place until it expires.
    if (!this.#engine.state) return this.env.POOL.getByName("main").release(lease.id, { type: "unused" }, "", {});
    this.#engine.apply({ type: "lease_granted", lease, learned });
  }

  /** The pool tells the job's place in line. */
  async place(place: QueuePlace): Promise<void> {
    this.#engine.apply({ type: "queue_place", place });
  }

  /** Makes a share link from a token minted by the Worker. */
  async addShare(create: ShareCreate, token: string) {
    if (!this.#engine.state) return this.#absent();
    const { spec } = this.#engine.job;
    return this.#shares.add(spec, await this.#shares.prepare(spec, create, token, Date.now()), token);
  }

  /** All links of the job, without their tokens. */
  async listShares() {
    if (!this.#engine.state) return this.#absent();
    return { type: "found", shares: this.#shares.list(this.#engine.job.spec.id, this.#viewers.watching) } as const;
  }

  /** Closes a link and whoever is watching by it, at once. */
  async revokeShare(shareId: string): Promise<boolean> {
    if (!this.#engine.state || !this.#shares.revoke(shareId, Date.now())) return false;
    this.#viewers.closeAll(CLOSE_CODES.gone, "The link was closed.", shareId);
    return true;
  }

  /** Whether a share's secret opens the job. */
  async openShare(secret: string): Promise<ShareDoor> {
    return this.#engine.state ? this.#shares.open(secret, Date.now()) : { type: "unknown" };
  }

  /** The job as a share link shows it. `base` is the link's path. */
  async readShared(
    secret: string,
    base: string,
  ): Promise<{ type: "found"; job: PublicJob; share: OpenShare } | Exclude<ShareDoor, OpenShare>> {
    const share = await this.openShare(secret);
    if (share.type !== "open") return share;
    const job = this.#view.shown(this.#engine.job, { role: "viewer", base, reveal: share.reveal }) as PublicJob;
    return { type: "found", job, share };
  }

  /** The latest preview's bytes, or null where there is none now. */
  async preview(): Promise<{ bytes: Uint8Array; contentType: string; rev: number } | null> {
    const { latest } = this.#view;
    const preview = this.#engine.state?.preview;
    return latest && preview ? { bytes: latest.bytes, contentType: preview.contentType, rev: latest.rev } : null;
  }

  /** For tests: dies as a crash would, without a word to anyone. */
  async abort(): Promise<void> {
    if (configOf(this.env).testHooks) this.ctx.abort("test");
  }

  /** For tests: R2 fails the next `count` writes of results. */
  async failWrites(count: number): Promise<void> {
    if (configOf(this.env).testHooks) this.#effects.failWrites(count);
  }

  /** A viewer's socket. The Worker has checked who it is and says so in a header of its own. */
  override async fetch(request: Request): Promise<Response> {
    const spec = ViewerSpecSchema.safeParse(JSON.parse(request.headers.get(VIEWER_HEADER) ?? "null"));
    const { state } = this.#engine;
    if (!spec.success || request.headers.get("upgrade") !== "websocket" || !state)
      return new Response(null, { status: 404 });
    await this.#prepareLinks();
    if (spec.data.role === "viewer" && spec.data.after === null) this.#view.joined();
    return this.#viewers.accept(spec.data, request.headers.get("sec-websocket-protocol"), "finishedAt" in state.stage);
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#viewers.heard(socket, message);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#viewers.closed(socket, code);
  }

  override webSocketError(socket: WebSocket): void {
    this.#viewers.closed(socket, CLOSE_CODES.internal);
  }

  override async alarm(): Promise<void> {
    if (this.#engine.state) return this.#engine.alarm();
    const erasedAt = this.#store.erasedAt();
    if (erasedAt !== null && Date.now() >= erasedAt + TOMBSTONE_MS) await this.#store.forget();
  }

  #owned(): Shown {
    const job = this.#view.shown(this.#engine.job, OWNER);
    return {
      type: "found",
      json: JSON.stringify(job),
      seq: job.seq,
      terminal: job.terminal,
      pollAfterMs: job.poll_after_ms,
    };
  }

  async #prepareLinks(): Promise<void> {
    const { spec, outputs } = this.#engine.job;
    await this.#links.prepare(spec.origin, outputs, Date.now());
  }

  #absent(): { type: "unknown" } | { type: "erased" } {
    return { type: this.#store.erasedAt() === null ? "unknown" : "erased" };
  }

  /** The end of retention: media first, so that nothing is left behind if the object dies in between. */
  async #erase(): Promise<void> {
    await removeOutputs(
      this.env.MEDIA,
      this.#engine.job.outputs.map((output) => output.id),
    );
    this.#viewers.closeAll(CLOSE_CODES.gone, "The job was removed.");
    this.#engine.halt();
    const now = Date.now();
    await this.#store.erase(now);
    await this.ctx.storage.setAlarm(now + TOMBSTONE_MS);
  }
}
