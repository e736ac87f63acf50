/**
 * How a job is brought into each state, and what releases it again once the fault has struck. A state that is short by
 * nature is held open by the tunnel or by somebody else's prompt.
 */
import { randomInt } from "node:crypto";
import { ticking } from "../support/graphs.ts";
import type { State } from "./case.ts";
import { pause, RUN, type Scene } from "./support/scene.ts";
import { ANY_CALL, DOWNLOADS, UPGRADES } from "./support/tunnel.ts";

const STUCK_MS = 20_000;

type Request = Readonly<Record<string, unknown>>;

/** Creates the row's job and resolves when it stands in `state`. */
export async function reach(scene: Scene, state: State, request: Request): Promise<void> {
  switch (state) {
    case "queued": {
      await scene.occupy(100);
      const watcher = await scene.start(request);
      return must(await watcher.until(() => watcher.phase === "waiting", STUCK_MS), "waiting in line");
    }
    case "leased":
    case "connecting": {
      const held = scene.tunnel.hold(state === "leased" ? ANY_CALL : UPGRADES);
      await scene.start(request);
      return await held;
    }
    case "submitted": {
      await scene.foreignPrompt(ticking(RUN.steps, RUN.stepMs, randomInt(0xffffff)));
      await scene.start(request);
      return await untilPending(scene);
    }
    case "running-early":
      return await untilStep(scene, request, 3);
    case "running-late":
      return await untilStep(scene, request, Math.round(RUN.steps * 0.8));
    case "collecting": {
      const held = scene.tunnel.hold(DOWNLOADS);
      scene.graph = ticking(5, 5, randomInt(0xffffff));
      const watcher = await scene.start(request);
      await held;
      return must(await watcher.until(() => watcher.phase === "uploading", STUCK_MS), "collecting");
    }
    case "delivering":
      throw new Error("No case is played in this state.");
  }
}

/** Lets go what was held to bring the job there. */
export function release(scene: Scene): void {
  scene.tunnel.letThrough();
}

async function untilPending(scene: Scene): Promise<void> {
  const deadline = Date.now() + STUCK_MS;
  while ((await scene.pending()).length === 0) {
    must(Date.now() < deadline, "waiting in ComfyUI's queue");
    await pause(10);
  }
}

async function untilStep(scene: Scene, request: Request, step: number): Promise<void> {
  const watcher = await scene.start(request);
  must(await watcher.until(() => watcher.step >= step, STUCK_MS), `step ${step}`);
}

function must(reached: boolean, what: string): void {
  if (!reached) throw new Error(`The job never got as far as ${what}.`);
}
