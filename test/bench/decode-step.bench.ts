/**
 * The pure path of one event, without any platform: a `progress_state` of a large graph decoded, applied to a job, and
 * written for the viewers. The baseline of decoding is a bare JSON.parse of the same text.
 */
import { decodeText } from "../../src/core/comfy/events.ts";
import { step } from "../../src/core/job/machine.ts";
import { headlineOf, phaseOf, progressOf } from "../../src/core/job/project.ts";
import { publicProgress } from "../../src/core/job/project-public.ts";
import { Driver } from "../support/job-driver.ts";
import { nowMs } from "./support/clock.ts";
import { amount, type Bench, type Figure, quantile, ratio } from "./support/figure.ts";

const NODES = 300;
const ROUNDS = 400;
const WARM_UP_ROUNDS = 100;

export const decodeStep: Bench = {
  name: "decode-step",
  run: async () => {
    const plan = Array.from({ length: NODES }, (_, index) => ({
      id: String(index + 1),
      classType: "KSampler",
      title: null,
      units: 1,
    }));
    const driver = new Driver({ plan }).to("running");
    const { connection, promptId } = driver.run;
    let { state } = driver;
    const times = { parse: [] as number[], decode: [] as number[], step: [] as number[], encode: [] as number[] };
    for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
      const text = progressState(promptId ?? "", round);
      const begun = nowMs();
      JSON.parse(text);
      const parsed = nowMs();
      const event = decodeText(text);
      const decoded = nowMs();
      ({ state } = step(state, { type: "comfy", connection, event }, { now: driver.now + round, uuid: () => "" }));
      const stepped = nowMs();
      const data = {
        ...publicProgress(progressOf(state, driver.now)),
        phase: phaseOf(state),
        headline: headlineOf(state, driver.now),
      };
      JSON.stringify({ type: "progress", seq: state.seq, at: driver.now, job_id: state.spec.id, data });
      const encoded = nowMs();
      if (round < WARM_UP_ROUNDS) continue;
      times.parse.push(parsed - begun);
      times.decode.push(decoded - parsed);
      times.step.push(stepped - decoded);
      times.encode.push(encoded - stepped);
    }
    if (progressOf(state, driver.now).nodes_total !== NODES) throw new Error("The job does not follow the run.");
    const p50 = (values: readonly number[]) => quantile(values, 0.5);
    return [
      ratio(`progress_state of ${NODES} nodes decoded, p50`, p50(times.decode), p50(times.parse), null),
      plain("job machine step on it, p50", p50(times.step)),
      plain("event written for one audience, p50", p50(times.encode)),
    ];
  },
};

const plain = (name: string, ms: number): Figure => ({
  name,
  measured: amount(ms, "ms"),
  baseline: null,
  compared: null,
  budget: null,
  verdict: "info",
});

/** Half of the nodes are finished, one runs. */
function progressState(promptId: string, round: number): string {
  const nodes = Object.fromEntries(
    Array.from({ length: NODES / 2 + 1 }, (_, index) => {
      const id = String(index + 1);
      const running = index === NODES / 2;
      const ids = { node_id: id, display_node_id: id, parent_node_id: null, real_node_id: id };
      const state = running ? "running" : "finished";
      return [id, { value: running ? round : 1, max: running ? 1_000 : 1, state, prompt_id: promptId, ...ids }];
    }),
  );
  return JSON.stringify({ type: "progress_state", data: { prompt_id: promptId, nodes } });
}
