/** Following a job with the platform's own WebSocket and fetch, without a credential: what the page does. */
import type { AnyJob } from "./decode.ts";
import { type Follower, type FollowOptions, followWith, type LiveUpdate } from "./follow-with.ts";
import { type LivePorts, platformPorts } from "./ports.ts";

export type { Follower, FollowOptions, Link, LiveUpdate } from "./follow-with.ts";

/** `followWith` on this platform; `ports` replaces parts of it. */
export function followJob<J extends AnyJob>(
  { ports, ...options }: FollowOptions & { ports?: Partial<LivePorts> },
  onUpdate: (update: LiveUpdate<J>) => void,
): Follower {
  return followWith({ ...platformPorts, ...ports }, options, onUpdate);
}
