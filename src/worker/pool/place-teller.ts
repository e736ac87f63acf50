/** Tells the first in line where they stand, after a moment in which more may change, and only what is news to them. */
import type { QueuePlace } from "../../core/job/state.ts";
import { isNews } from "../../core/pool/place.ts";

const SETTLE_MS = 100;

export type PlaceTellerPorts = {
  /** The first in line as they stand now. */
  places(): { jobName: string; place: QueuePlace }[];
  tell(jobName: string, place: QueuePlace): Promise<unknown>;
};

export class PlaceTeller {
  readonly #ports: PlaceTellerPorts;
  #told = new Map<string, { place: QueuePlace; at: number }>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(ports: PlaceTellerPorts) {
    this.#ports = ports;
  }

  /** A job was told of its place in another way. */
  heard(jobName: string, place: QueuePlace): void {
    this.#told.set(jobName, { place, at: Date.now() });
  }

  /** The line has moved. */
  soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#tell();
    }, SETTLE_MS);
  }

  #tell(): void {
    const before = this.#told;
    const told: typeof before = new Map();
    this.#told = told;
    const at = Date.now();
    for (const { jobName, place } of this.#ports.places()) {
      const last = before.get(jobName);
      const news = isNews(last, place, at);
      told.set(jobName, last && !news ? last : { place, at });
      // A place that was not heard is told again with the next move of the line.
      if (news) void this.#ports.tell(jobName, place).catch(() => told.delete(jobName));
    }
  }
}
