/**
 * Named places at which a test lets an object die as in a crash: between any two writes, before an answer leaves. They
 * do nothing unless the deployment says TEST_HOOKS = "on".
 */
export class Failpoints {
  readonly #ctx: DurableObjectState;
  readonly #enabled: boolean;
  readonly #armed = new Set<string>();

  constructor(ctx: DurableObjectState, enabled: boolean) {
    this.#ctx = ctx;
    this.#enabled = enabled;
  }

  /** The object dies when it next comes by `name`: once, as what is armed dies with it. */
  arm(name: string): void {
    if (this.#enabled) this.#armed.add(name);
  }

  /** Dies here if armed. What was written since the last `await` is lost with it, as it is not on disk yet. */
  reach(name: string): void {
    if (this.#armed.has(name)) this.#ctx.abort(`failpoint ${name}`);
  }

  /** Dies here if armed, once all writes so far are on disk: what is lost is only what would have come after. */
  async reachStored(name: string): Promise<void> {
    if (!this.#armed.has(name)) return;
    await this.#ctx.storage.sync();
    this.#ctx.abort(`failpoint ${name}`);
  }
}
