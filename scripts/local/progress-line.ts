/** A job's progress in the terminal: one line that redraws itself, or plain lines where the output is not a terminal. */
import type { Job, Progress, Queue } from "../../src/contract/job.ts";
import type { ViewerEvent } from "../../src/contract/viewer.ts";

const BAR_CHARS = 28;

/** The part of a stream that is needed. */
type Out = { isTTY?: boolean; columns?: number; write(text: string): unknown };

export class ProgressLine {
  readonly #out: Out;
  #last = "";
  #progress: Progress | null = null;
  #drawn = false;

  constructor(out: Out) {
    this.#out = out;
  }

  /** Shows an event of the stream. */
  show(event: ViewerEvent<Job>): void {
    switch (event.type) {
      case "hello":
        if (event.data.job) this.#draw(event.data.job.headline, event.data.job.progress, event.data.job.queue);
        break;
      case "queue":
        this.#draw(event.data.headline, null, event.data);
        break;
      case "progress":
        this.#draw(event.data.headline, event.data, null);
        break;
      case "status":
        this.#draw(event.data.headline, null, null);
        break;
      case "output":
        this.#say(`Result ${event.data.index + 1}: ${event.data.output.name}`);
        break;
      case "warning":
        this.#say(`Note: ${event.data.message}`);
        break;
      case "end":
        this.#draw(event.data.job.headline, event.data.job.progress, null);
        break;
    }
  }

  /** Leaves the line as it is and goes on below it. */
  end(): void {
    if (this.#drawn) this.#out.write("\n");
    this.#drawn = false;
  }

  #say(text: string): void {
    if (this.#drawn) this.#out.write("\r\x1b[2K");
    this.#out.write(`${text}\n`);
    if (this.#drawn) this.#out.write(this.#last);
  }

  #draw(headline: string, progress: Progress | null, queue: Queue | null): void {
    // Events other than progress carry none: the bar stays where it was.
    this.#progress = progress ?? this.#progress;
    const line = lineOf(headline, this.#progress, queue);
    if (line === this.#last) return;
    this.#last = line;
    if (!this.#out.isTTY) {
      this.#out.write(`${line}\n`);
      return;
    }
    this.#drawn = true;
    this.#out.write(`\r\x1b[2K${line.slice(0, (this.#out.columns ?? 120) - 1)}`);
  }
}

/** One line: bar, percentage, sentence, node k of n, step i of m, place in line. */
export function lineOf(headline: string, progress: Progress | null, queue: Queue | null): string {
  const value = progress?.value ?? null;
  const filled = value === null ? 0 : Math.round(value * BAR_CHARS);
  const bar = `${"█".repeat(filled)}${"░".repeat(BAR_CHARS - filled)}`;
  const parts = [`${bar} ${value === null ? "  … " : `${String(Math.floor(value * 100)).padStart(3)} %`}`, headline];
  if (queue?.position != null) parts.push(`place ${queue.position} in line`);
  if (progress?.nodes_total)
    parts.push(
      `node ${Math.min((progress.nodes_done ?? 0) + (progress.current_node ? 1 : 0), progress.nodes_total)} of ${progress.nodes_total}`,
    );
  if (progress?.steps) parts.push(`step ${progress.step} of ${progress.steps}`);
  return parts.join(" · ");
}
