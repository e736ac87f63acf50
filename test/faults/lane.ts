/**
 * A lane: a process of its own with one Worker and one fake ComfyUI, playing the rows that the suite hands it. A row
 * that could not be played to its end gets the next one a new stage.
 */
import { answerParent } from "../bench/support/child.ts";
import type { State } from "./case.ts";
import { CASES } from "./cases/index.ts";
import { play, type RowResult } from "./play.ts";
import { Scene } from "./support/scene.ts";

/** A row by name, or the end of the lane. */
export type LaneAsk = { type: "play"; name: string; state: State } | { type: "stop" };

let scene: Scene | null = null;

async function playRow(name: string, state: State): Promise<RowResult> {
  const fault = CASES.find((one) => one.name === name);
  const expected = fault?.cells[state];
  if (!fault || expected === undefined || typeof expected === "string") throw new Error(`no row ${name}, ${state}`);
  try {
    scene ??= await Scene.open();
    const result = await play(scene, fault, state, expected);
    if (result.problems.length > 0) await drop();
    return result;
  } catch (error) {
    await drop();
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { outcome: "not played", problems: [problem], endSeconds: null, recoveryMs: null, noticeMs: null };
  }
}

async function drop(): Promise<void> {
  const dropped = scene;
  scene = null;
  await dropped?.close().catch(() => {});
}

answerParent<LaneAsk>(async (ask) => {
  if (ask.type === "play") return playRow(ask.name, ask.state);
  await drop();
  return null;
});
