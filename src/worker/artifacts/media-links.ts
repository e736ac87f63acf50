/**
 * Media URLs of one job's outputs. A signature takes an asynchronous call, while a job is shown in one go: so links are
 * prepared ahead, and stay the same until the day changes (api D2: every poll returns the identical string).
 */
import { expiryDay, expiryMs, signMedia } from "../../core/artifact/sign.ts";

export type MediaLink = { url: string; expiresAt: number };

export class MediaLinks {
  readonly #secret: Uint8Array;
  readonly #links = new Map<string, MediaLink & { day: number }>();

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** Makes sure that these outputs have links of today. `origin` is the API's base URL. */
  async prepare(origin: string, outputs: readonly { id: string; name: string }[], now: number): Promise<void> {
    const day = expiryDay(now);
    for (const { id, name } of outputs) {
      if (this.#links.get(id)?.day === day) continue;
      const sig = await signMedia(this.#secret, { outputId: id, variant: "original", epoch: 0, expDay: day });
      const extension = /\.([a-z0-9]{1,8})$/i.exec(name)?.[1] ?? "bin";
      this.#links.set(id, { url: `${origin}/m/${sig}/${id}/original.${extension}`, expiresAt: expiryMs(day), day });
    }
  }

  /** The link of an output, or null if it was not prepared. */
  get(outputId: string): MediaLink | null {
    return this.#links.get(outputId) ?? null;
  }
}
