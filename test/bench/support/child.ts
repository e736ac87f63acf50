/**
 * Parts of a bench in processes of their own, so that each has its own event loop and heap. The parent asks, the child
 * answers, one message each.
 */
import { fork } from "node:child_process";

type Request = { id: number; ask: unknown };
type Reply = { id: number; answer: unknown } | { id: number; error: string };

export type Child = {
  /** @throws {Error} with the child's words when it failed. */
  ask<T>(ask: unknown): Promise<T>;
  stop(): void;
};

/** Starts a module of this folder as a process. It must call `answerParent`. */
export function startChild(module: string): Child {
  const child = fork(new URL(module, import.meta.url), { serialization: "advanced" });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let lastId = 0;
  child.on("message", (reply: Reply) => {
    const one = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ("error" in reply) one?.reject(new Error(reply.error));
    else one?.resolve(reply.answer);
  });
  child.on("exit", () => {
    for (const one of waiting.values()) one.reject(new Error(`${module} has ended.`));
    waiting.clear();
  });
  return {
    ask: <T>(ask: unknown) =>
      new Promise<T>((resolve, reject) => {
        lastId += 1;
        waiting.set(lastId, { resolve: (value) => resolve(value as T), reject });
        child.send({ id: lastId, ask } satisfies Request);
      }),
    stop: () => void child.kill(),
  };
}

/** The child's side: answers what the parent asks until the parent is gone. */
export function answerParent<T>(answer: (ask: T) => unknown): void {
  process.on("disconnect", () => process.exit(0));
  process.on("message", async ({ id, ask }: Request) => {
    try {
      process.send?.({ id, answer: await answer(ask as T) } satisfies Reply);
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? error.message : String(error) } satisfies Reply);
    }
  });
}
