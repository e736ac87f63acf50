/** A log line of the Worker for the console of `npm start`: attempts at webhooks in words, all others as they are. */

type Attempt = {
  event: "webhook_attempt";
  type: string;
  endpoint: string;
  attempt: number;
  status: number | null;
  result: string;
  error: string | null;
  ms: number;
  job: string | null;
};

/** The line to print. */
export function shownLine(line: string): string {
  const attempt = attemptIn(line);
  if (!attempt) return line;
  const { type, endpoint, status, result, error, ms, job } = attempt;
  const answer = [status, error === "status" ? null : error].filter((part) => part !== null).join(" ");
  const to = endpoint === "job" ? "the job's webhook" : endpoint;
  const mark = result === "delivered" ? "ok " : "!! ";
  return `${mark}webhook ${type} -> ${to}: ${result} (${answer || "nothing sent"}, ${ms} ms, attempt ${attempt.attempt})${job === null ? "" : ` ${job}`}`;
}

function attemptIn(line: string): Attempt | null {
  if (!line.includes('"webhook_attempt"')) return null;
  try {
    const value = JSON.parse(line) as Attempt;
    return value.event === "webhook_attempt" ? value : null;
  } catch {
    return null;
  }
}
