/**
 * The service as a person with a link meets it: the built Worker in workerd, and a fake ComfyUI on TCP whose time a test
 * can stop. A stopped studio stays as it is (a picture half painted, a line that does not move) while it is looked at.
 */
import { WebSocket } from "ws";
import { startFakeComfy } from "../../scripts/fake-server.ts";
import { startHost } from "../../scripts/local/host.ts";
import { freshOwner } from "../../scripts/local/settings.ts";
import type { Job } from "../../src/contract/job.ts";
import { must } from "../../src/core/util/assert.ts";
import type { FakeOptions } from "../../src/fake/options.ts";
import { stoppableClock } from "./stoppable-clock.ts";
import { WorkerClient } from "./worker-client.ts";

/** A job, and a link by which anyone can watch it. */
export type SharedJob = { id: string; link: string; shareId: string };

/** A running service. What `WorkerClient` does not have is here. */
export type Studio = {
  client: WorkerClient;
  comfy: Awaited<ReturnType<typeof startFakeComfy>>;
  /** Lets the fake's time stand still: nothing is painted until `play`, but calls are answered. */
  pause(): void;
  play(): void;
  /** Plays until a run has done this many steps; time then stands still there, or a step later. */
  playUntilStep(step: number): Promise<void>;
  /** Creates a job (body as in api D2) with a link. */
  submit(job: Record<string, unknown>, share?: Record<string, unknown>): Promise<SharedJob>;
  /** Creates a text-to-image job of 20 small steps (unless `inputs` say otherwise) and stops time at `step` of its run. */
  submitUntilStep(step: number, inputs?: Record<string, unknown>): Promise<SharedJob>;
  /** Stops time and gives the backend as many jobs of one step as it takes at once: the next one has to wait. */
  fillBackend(): Promise<void>;
  ended(job: SharedJob): Promise<Job>;
  cancel(job: SharedJob): Promise<void>;
  revoke(job: SharedJob): Promise<void>;
  /** Lets time go on and ends every job of this studio, so that the next test finds it idle. */
  tidy(): Promise<void>;
  close(): Promise<void>;
};

/** Slow enough to be watched: a run of 20 steps takes a second. */
const WATCHABLE = { stepMs: 50, nodeMs: 10 } satisfies Partial<FakeOptions>;
const SMALL = { width: 256, height: 256, steps: 20 };
const SLOTS = 2;
/** An event that no ComfyUI sends, by which the fake says that it has come to a step. */
const STAND_STILL = "stand_still";

/** Starts both. The caller closes them. */
export async function startStudio(options: Partial<FakeOptions> = {}): Promise<Studio> {
  const clock = stoppableClock();
  const comfy = await startFakeComfy({ ...WATCHABLE, ...options }, { clock });
  const { key, vars: owner } = await freshOwner("test");
  const host = await startHost({
    vars: {
      COMFY_BACKENDS: JSON.stringify([{ id: "box", url: comfy.url, slots: SLOTS }]),
      ...owner,
    },
  });
  const client = new WorkerClient(host.url, key);
  const ear = new WebSocket(`${comfy.url.replace("http", "ws")}/ws`);
  let stood = () => {};
  ear.on("message", (data) => {
    if (!String(data).includes(STAND_STILL)) return;
    clock.stop();
    stood();
  });
  const jobIds: string[] = [];
  const create = async (body: Record<string, unknown>) => {
    const job = await client.createJob(body);
    jobIds.push(job.id);
    return job;
  };
  const cancel = async (id: string) => void (await client.post(`/v1/jobs/${id}/cancel`, {}));
  const studio: Studio = {
    client,
    comfy,
    pause: clock.stop,
    play: clock.go,
    async submitUntilStep(step, inputs = {}) {
      clock.stop();
      const job = await studio.submit({ workflow: "txt2img", inputs: { prompt: "a lake", ...SMALL, ...inputs } });
      await studio.playUntilStep(step);
      return job;
    },
    async playUntilStep(step) {
      comfy.fake.fault({ type: "emit", event: STAND_STILL, data: {}, when: { type: "atStep", step } });
      await new Promise<void>((resolve) => {
        stood = resolve;
        clock.go();
      });
    },
    async submit(job, share = {}) {
      const { id, new_share: made } = await create({ ...job, share });
      const { id: shareId, url } = must(made, "the link that was asked for");
      return { id, shareId, link: must(url, "the URL of a new link") };
    },
    async fillBackend() {
      clock.stop();
      for (let slot = 0; slot < SLOTS; slot++) {
        const { id } = await create({ workflow: "txt2img", inputs: { prompt: "in the way", steps: 1 } });
        await client.until(id, (job) => job.backend !== null);
      }
    },
    ended: ({ id }) => client.ended(id),
    cancel: ({ id }) => cancel(id),
    revoke: async ({ id, shareId }) =>
      void (await client.request(`/v1/jobs/${id}/shares/${shareId}`, { method: "DELETE" })),
    async tidy() {
      comfy.fake.clearFaults();
      clock.go();
      for (const id of jobIds) await cancel(id);
      for (const id of jobIds.splice(0)) await client.ended(id);
    },
    async close() {
      ear.terminate();
      await host.dispose();
      clock.go();
      await comfy.close();
    },
  };
  return studio;
}
