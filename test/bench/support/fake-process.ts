/**
 * The fake ComfyUI in a process of its own, with the moments noted at which it hands a message to its socket: the zero
 * from which both the product and the bare client are timed.
 */
import { startFakeComfy } from "../../../scripts/fake-server.ts";
import type { FakeOptions } from "../../../src/fake/options.ts";
import type { SocketSink } from "../../../src/fake/sockets.ts";
import { answerParent } from "./child.ts";
import { nowMs } from "./clock.ts";

/** A message that left the fake. `value` is the step of a running node, for `progress_state`. */
export type Mark = { type: string; promptId: string; value: number | null; at: number };

export type FakeAsk = { type: "start"; options: Partial<FakeOptions> } | { type: "marks" };

const NOTED = /^\{"type": ?"(execution_start|execution_success|progress_state)"/;

let marks: Mark[] = [];

type Noted = { prompt_id: string; nodes?: Record<string, { state: string; value: number }> };

function note(text: string): void {
  const type = NOTED.exec(text)?.[1];
  if (type === undefined) return;
  const at = nowMs();
  const { data } = JSON.parse(text) as { data: Noted };
  const running = Object.values(data.nodes ?? {}).find(({ state }) => state === "running");
  marks.push({ type, promptId: data.prompt_id, value: running?.value ?? null, at });
}

const noting = (sink: SocketSink): SocketSink => ({
  ...sink,
  sendText: (text) => {
    note(text);
    sink.sendText(text);
  },
});

async function start(options: Partial<FakeOptions>): Promise<string> {
  const running = await startFakeComfy({ previewMethod: "none", ...options });
  const { fake } = running;
  const open = fake.openSocket.bind(fake);
  fake.openSocket = (url, headers, sink) => open(url, headers, noting(sink));
  return running.url;
}

answerParent<FakeAsk>((ask) => {
  if (ask.type === "start") return start(ask.options);
  const taken = marks;
  marks = [];
  return taken;
});
