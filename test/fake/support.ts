/** The fake on real TCP with short times, for tests that look at it from outside. */
import { type RunningFake, startFakeComfy } from "../../scripts/fake-server.ts";
import type { FakeOptions } from "../../src/fake/options.ts";

/** A fake that closes itself at the end of the `using` block. */
export async function startFake(options: Partial<FakeOptions> = {}): Promise<RunningFake & AsyncDisposable> {
  const running = await startFakeComfy({ stepMs: 1, nodeMs: 0, previewSize: 32, ...options });
  return { ...running, [Symbol.asyncDispose]: () => running.close() };
}
