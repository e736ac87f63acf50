/** What the tests of bad input share: a request and the error it must get, and that nothing came of it. */
import { expect } from "vitest";
import type { ErrorCode } from "../../src/contract/errors.ts";
import type { TestWorker } from "./worker.ts";
import { type CallInit, problemOf } from "./worker-client.ts";

/** A request, made when it is needed, and the answer that is documented for it. */
export type Case = [
  what: string,
  path: string,
  init: CallInit | (() => CallInit),
  status: number,
  code: ErrorCode,
  pointer?: string,
];

export const JSON_TYPE = { "content-type": "application/json" };

/** A POST of JSON, or of any text said to be JSON. */
export const post = (body: unknown, headers: Record<string, string> = {}): CallInit => ({
  method: "POST",
  body: typeof body === "string" ? body : JSON.stringify(body),
  headers: { ...JSON_TYPE, ...headers },
});

/** The creation of a job from a raw graph. */
export const graphOf = (nodes: unknown) => post({ graph: nodes });

/** A body of unknown length, sent in chunks. */
export const chunked = (totalBytes: number, headers: Record<string, string>): CallInit => {
  let left = totalBytes;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left <= 0) return controller.close();
      const size = Math.min(left, 256 * 1024);
      left -= size;
      controller.enqueue(new Uint8Array(size).fill(0x20));
    },
  });
  return { method: "POST", body, headers, duplex: "half" } as CallInit;
};

/** Holds an answer to its case and to what every error promises. */
export async function expectRefused(worker: TestWorker, [, path, init, status, code, pointer]: Case): Promise<void> {
  const response = await worker.request(path, typeof init === "function" ? init() : init);
  const problem = await problemOf(response);
  expect([problem.status, problem.code], problem.detail).toEqual([status, code]);
  if (pointer !== undefined) expect(problem.errors.map((error) => error.pointer)).toContain(pointer);
  for (const error of problem.errors) expect(error.detail.length).toBeGreaterThan(5);
  // What is said to the person who waits says nothing of fields and nodes.
  expect(problem.user_message).not.toMatch(/#\/|json|class_type/i);
  if (status === 401) expect(response.headers.get("www-authenticate")).toContain("Bearer");
}

/** No job, no file, no prompt at ComfyUI. */
export async function expectNothingCreated(worker: TestWorker): Promise<void> {
  expect(await worker.bucketKeys()).toEqual([]);
  expect(await worker.queue()).toEqual({ waiting: 0, leased: 0 });
  expect(await (await fetch(`${worker.fake.url}/history`)).json()).toEqual({});
  expect(worker.fake.fake.files.topLevel("input")).toEqual([]);
}
