/** A job's parts put together: each knows of the others only what it is handed here. */
import { MediaLinks } from "../artifacts/media-links.ts";
import { configOf } from "../config.ts";
import { Failpoints } from "../failpoints.ts";
import { ViewerSockets } from "../viewers/viewer-sockets.ts";
import { JobAccess } from "./job-access.ts";
import { JobEffects } from "./job-effects.ts";
import { JobEngine } from "./job-engine.ts";
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
};

/** The parts of the object's job, as it is stored; nothing is under way yet. */
export function jobParts(ctx: DurableObjectState, env: Env): JobParts {
  const config = configOf(env);
  const failpoints = new Failpoints(ctx, config.testHooks);
  const store = new JobStore(ctx.storage);
  const links = new MediaLinks(config.signingSecrets[0]);
  const view = new JobView(store, links, { now: 0, peak: 0, total: 0 });
  const engine: JobEngine = new JobEngine(
    {
      store,
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
  return { store, access, view, viewers, engine, effects, shares: new Shares(store), failpoints };
}
