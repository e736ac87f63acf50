/** A job and one event of its stream → the job after it. Pure; unknown events change nothing but the counter. */
import type { Job } from "../contract/job.ts";
import type { ViewerEvent } from "../contract/viewer.ts";

/**
 * The job after the event; null while none is known. A whole job in it replaces everything. `terminal` turns true only
 * with a whole job: what a `status` says of an end is not yet all of it.
 */
export function applyEvent(job: Job | null, event: ViewerEvent<Job>): Job | null {
  const { type, data } = event;
  if ((type === "hello" || type === "end") && data.job) return data.job;
  if (!job) return null;
  const next = { ...job, seq: Math.max(job.seq, event.seq ?? 0) };
  switch (type) {
    case "status": {
      const { previous: _previous, terminal: _terminal, ...rest } = data;
      return { ...next, ...rest, queue: rest.status === "queued" ? job.queue : null };
    }
    case "queue":
    case "progress":
    case "preview": {
      const all: Partial<Pick<Job, "headline" | "phase">> & { data_base64?: string | null } = data;
      const { headline = job.headline, phase = job.phase, data_base64: _bytes, ...value } = all;
      return { ...next, headline, phase, [type]: value };
    }
    case "output": {
      const { output, expected } = data;
      const outputs = [...job.outputs.filter(({ id }) => id !== output.id), output];
      outputs.sort((a, b) => a.index - b.index);
      return { ...next, outputs, outputs_expected: expected ?? job.outputs_expected };
    }
    case "warning":
      return { ...next, warnings: [...job.warnings, data] };
    case "viewers":
      return { ...next, viewers: data };
    default:
      return next;
  }
}
