/** A job's parts put together: each knows of the others only what it is handed here. */

import { DELIVERY_TIMEOUT_MS } from "../../contract/webhook-limits.ts";
import { MediaLinks } from "../artifacts/media-links.ts";
import { configOf } from "../config.ts";
import { Failpoints } from "../failpoints.ts";
import { ViewerSockets } from "../viewers/viewer-sockets.ts";
import { Outbox } from "../webhooks/outbox.ts";
import { JobAccess } from "./job-access.ts";
import { JobEffects } from "./job-effects.ts";
import { JobEngine } from "./job-engine.ts";
import { JobNews } from "./job-news.ts";
import { Shares } from "./job-shares.ts";
import { JobStore } from "./job-store.ts";
import { JobView } from "./job-view.ts";
import { showChanges } from "./show-changes.ts";

export type JobParts = {
  store: JobStore;
  access: JobAccess;
  view: JobView;
  viewers: ViewerSockets;
  engine: JobEngine;
  effects: JobEffects;
  shares: Shares;
  failpoints: Failpoints;
  outbox: Outbox;
  /** For tests: the job lives this many ms ahead of the real time. */
  clock: { aheadMs: number };
};

/** A job has few receivers: one send at a time to each host, so that a slow one holds up only what is meant for it. */
const LANES = { atOnce: 4, perHost: 1 };
/** Receivers of tests are given less time, or each that hangs would take as long as a real one. */
const TEST_TIMEOUT_MS = 1_500;

/** The parts of the object's job, as it is stored; nothing is under way yet. */
export function jobParts(ctx: DurableObjectState, env: Env): JobParts {
  const config = configOf(env);
  const failpoints = new Failpoints(ctx, config.testHooks);
  const store = new JobStore(ctx.storage);
  const links = new MediaLinks(config.signingSecrets[0]);
  const view = new JobView(store, links, { now: 0, peak: 0, total: 0 });
  const clock = { aheadMs: 0 };
  const now = () => Date.now() + clock.aheadMs;
  // A stub that has seen an error may be broken for good: each call takes a new one.
  const project = () => env.TENANTS.getByName(engine.job.spec.project);
  const outbox: Outbox = new Outbox({
    storage: ctx.storage,
    ports: {
      announce: (event, target) => project().announce(event, target),
      permit: (deliveryId) => project().permit(deliveryId),
      attempted: (report) => project().attempted(report),
    },
    lanes: LANES,
    origin: () => engine.job.spec.origin,
    rules: {
      allowLocal: config.allowLocalUrls,
      timeoutMs: config.testHooks ? TEST_TIMEOUT_MS : DELIVERY_TIMEOUT_MS,
    },
    now,
    changed: () => {
      if (outbox.size === 0) engine.apply({ type: "delivered" });
      else engine.arm(now());
    },
    reach: (point) => failpoints.reachStored(point),
  });
  const engine: JobEngine = new JobEngine(
    {
      store,
      news: new JobNews(outbox, view, (point) => failpoints.reach(point)),
      now,
      setAlarm: (at) => void ctx.storage.setAlarm(at),
      show: (changes, state) => showChanges(changes, state, view, viewers),
      perform: (effect, name, signal) => effects.perform(effect, name, signal),
      hangUp: () => effects.hangUp(),
    },
    store.load(),
  );
  const access = new JobAccess(store, () => engine.state);
  const effects: JobEffects = new JobEffects({
    env,
    config,
    jobName: ctx.id.name ?? "",
    state: () => engine.job,
    graph: () => store.graph(),
    frame: (key) => engine.frames.get(key),
    linked: (output) => links.prepare(engine.job.spec.origin, [output], Date.now()),
    heard: (event) => engine.apply(event),
    record: () => view.record(engine.job),
    erase: async () => {
      const { spec, removal } = engine.job;
      const { fingerprint, user } = spec;
      const erased = store.erase({ at: Date.now(), why: removal?.why ?? "expired", fingerprint, user });
      engine.halt();
      outbox.halt();
      await erased;
      await failpoints.reachStored("remove:after-rows");
    },
    reach: (point) => failpoints.reachStored(point),
  });
  const viewers: ViewerSockets = new ViewerSockets(ctx, {
    welcome: (spec) => view.welcome(engine.job, spec),
    conflated: (spec) => view.conflated(engine.job, spec),
    preview: (spec, mode) => view.preview(engine.job, spec, mode),
    latestPreviewRev: () => view.latest?.rev ?? 0,
    counted: (now) => access.open && view.counted(access.open, now),
    cancel: ({ role }) => engine.apply({ type: "cancel_requested", by: role, reason: null }),
    left: ({ streamId }) => {
      if (streamId !== null && engine.state) effects.closeStream(streamId);
    },
  });
  const shares = new Shares(store, () =>
    engine.apply({ type: "patched", metadata: null, priority: null, expiresAt: null }),
  );
  return { store, access, view, viewers, engine, effects, shares, failpoints, outbox, clock };
}
