/** The few calls of our own API that the scripts make. */
import type { Share, Upload } from "../../src/contract/api.ts";
import type { Problem } from "../../src/contract/errors.ts";
import type { Job } from "../../src/contract/job.ts";
import type { ViewerEvent } from "../../src/contract/viewer.ts";

export type CreatedJob = Job & { new_share: Share | null };

/** Calls with a secret key. An error answer is thrown with its words. */
export function api(url: string, key: string) {
  const send = async <T>(path: string, body: string | Uint8Array<ArrayBuffer>, type: string): Promise<T> => {
    const response = await fetch(url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": type },
      body,
    });
    const answer = await response.json();
    if (response.ok) return answer as T;
    const problem = answer as Problem;
    throw new Error(`${problem.status} ${problem.code}: ${problem.detail}`);
  };
  return {
    upload: (bytes: Uint8Array<ArrayBuffer>) => send<Upload>("/v1/uploads", bytes, "application/octet-stream"),
    create: (job: Record<string, unknown>) => send<CreatedJob>("/v1/jobs", JSON.stringify(job), "application/json"),
  };
}

/** Follows a job over SSE to its end, coming back with the last `seq` whenever the stream breaks. */
export async function followJob(
  url: string,
  key: string,
  id: string,
  show: (event: ViewerEvent<Job>) => void,
): Promise<Job> {
  let after = "";
  for (;;) {
    const headers = {
      authorization: `Bearer ${key}`,
      accept: "text/event-stream",
      ...(after ? { "last-event-id": after } : {}),
    };
    const response = await fetch(`${url}/v1/jobs/${id}/events?previews=none`, { headers });
    if (!response.ok || !response.body) throw new Error(`The event stream answered ${response.status}.`);
    let text = "";
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data === undefined) continue;
        const event = JSON.parse(data) as ViewerEvent<Job>;
        if (event.seq !== null) after = String(event.seq);
        show(event);
        if (event.type === "end") return event.data.job;
      }
    }
  }
}
