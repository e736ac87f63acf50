/** Calls over connections that stay open, timed from the request to the last byte of the answer. */
import { Agent, request } from "node:http";
import { nowMs } from "./clock.ts";

export type Call = {
  method?: string;
  path: string;
  /** A key or token. */
  bearer?: string;
  headers?: Record<string, string>;
  body?: unknown;
};

export type Answer = { status: number; headers: NodeJS.Dict<string | string[]>; text: string; ms: number };

export type Caller = {
  /** Resolves with an answer of the status that is expected. @throws {Error} for another, with its words. */
  call(status: number, call: Call): Promise<Answer>;
  close(): void;
};

/** Calls to a service. */
export function callerOf(url: string): Caller {
  const agent = new Agent({ keepAlive: true });
  const send = ({ method = "GET", path, bearer, headers, body }: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? null : JSON.stringify(body);
      const start = nowMs();
      const sent = request(
        url + path,
        {
          method,
          agent,
          headers: {
            ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
            ...(text === null ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
            ...headers,
          },
        },
        (response) => {
          const pieces: Buffer[] = [];
          response.on("data", (piece: Buffer) => pieces.push(piece));
          response.on("error", reject);
          response.on("end", () => {
            const ms = nowMs() - start;
            const { statusCode = 0, headers: received } = response;
            resolve({ status: statusCode, headers: received, text: Buffer.concat(pieces).toString(), ms });
          });
        },
      );
      sent.on("error", reject);
      sent.end(text ?? undefined);
    });
  return {
    call: async (status, call) => {
      const answer = await send(call);
      if (answer.status === status) return answer;
      throw new Error(`${call.path} answered ${answer.status} and not ${status}: ${answer.text.slice(0, 300)}`);
    },
    close: () => agent.destroy(),
  };
}

/** Does something `count` times, so many at once. Resolves with the results in no order and the time of it all. */
export async function atOnce<T>(count: number, most: number, act: (index: number) => Promise<T>) {
  const results: T[] = [];
  let next = 0;
  const start = nowMs();
  const lane = async () => {
    while (next < count) results.push(await act(next++));
  };
  await Promise.all(Array.from({ length: most }, lane));
  return { results, ms: nowMs() - start };
}
