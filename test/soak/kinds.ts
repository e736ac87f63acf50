/** The kinds of jobs of a soak: what is asked for, and how it has to end where nothing goes wrong. */
import { small, through, ticking, twoSaves } from "../support/graphs.ts";
import type { Random } from "./random.ts";

/** How often each kind is drawn. */
const WEIGHTS = {
  txt2img: 26,
  batch: 8,
  img2img: 10,
  stream: 14,
  demo: 10,
  slow: 8,
  two_saves: 6,
  text: 3,
  expanding: 3,
  blocked: 4,
  node_error: 5,
  out_of_memory: 2,
  unknown_node: 3,
} as const;

export type Kind = keyof typeof WEIGHTS;

/** A request, and its end in a world without faults: the status, the error code, how many results. */
export type Asked = {
  kind: Kind;
  body: Record<string, unknown>;
  ends: { status: "succeeded" | "failed"; code: string | null; outputs: number };
};

const SUCCEEDS = (outputs: number): Asked["ends"] => ({ status: "succeeded", code: null, outputs });
const FAILS = (code: string, outputs = 0): Asked["ends"] => ({ status: "failed", code, outputs });

/** Draws a job. `number` makes it one that was never run before; `uploads` are ids of uploaded pictures. */
export function drawJob(random: Random, number: number, uploads: readonly string[]): Asked {
  const kind = random.weighted<Kind>(WEIGHTS);
  // Small pictures: what is tried is the service, not the painting.
  const painting = (more: Record<string, unknown> = {}) =>
    small(`soak ${number}`, { seed: String(number + 1), steps: random.int(3, 10), ...more });
  switch (kind) {
    case "txt2img":
      return { kind, body: { workflow: "txt2img", inputs: painting() }, ends: SUCCEEDS(1) };
    case "batch": {
      const size = random.int(2, 4);
      return { kind, body: { workflow: "txt2img", inputs: painting({ batch_size: size }) }, ends: SUCCEEDS(size) };
    }
    case "stream": {
      const size = random.int(1, 2);
      return { kind, body: { workflow: "stream", inputs: painting({ batch_size: size }) }, ends: SUCCEEDS(size) };
    }
    case "img2img": {
      const { width: _width, height: _height, ...inputs } = painting({ image: random.of(uploads) });
      return { kind, body: { workflow: "img2img", inputs }, ends: SUCCEEDS(1) };
    }
    case "demo":
      return {
        kind,
        body: { workflow: "demo", inputs: { seed: String(number + 1), width: 96, height: 64, softness: 2 } },
        ends: SUCCEEDS(1),
      };
    case "slow":
      return { kind, body: { graph: ticking(random.int(20, 60), 20, number) }, ends: SUCCEEDS(1) };
    case "two_saves":
      return { kind, body: { graph: twoSaves(random.int(10, 30), 20, number) }, ends: SUCCEEDS(2) };
    case "text": {
      const text = { class_type: "ProbeText", inputs: { text: `words ${number}`, images: ["1", 0] } };
      return { kind, body: { graph: { ...ticking(3, 5, number), 8: text } }, ends: SUCCEEDS(2) };
    }
    case "expanding":
      return { kind, body: { graph: through("ProbeExpand", { fail: false }, number) }, ends: SUCCEEDS(1) };
    case "blocked": {
      const open = { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "open" } };
      return {
        kind,
        body: { graph: { ...through("ProbeBlock", { message: "no" }, number), 8: open } },
        ends: SUCCEEDS(1),
      };
    }
    case "node_error": {
      const graph = { ...twoSaves(2, 5, number), 5: { class_type: "ProbeError", inputs: { images: ["1", 0] } } };
      return { kind, body: { graph }, ends: FAILS("node_failed", 1) };
    }
    case "out_of_memory":
      return { kind, body: { graph: through("ProbeOutOfMemory", {}, number) }, ends: FAILS("out_of_memory") };
    case "unknown_node":
      return { kind, body: { graph: through("NoSuchNode", {}, number) }, ends: FAILS("node_missing") };
  }
}
