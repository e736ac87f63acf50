/** All node classes by name. */
import { COMPOSING_NODES } from "./compose.ts";
import { IMAGE_NODES } from "./images.ts";
import { LOADER_NODES } from "./loaders.ts";
import type { NodeClass } from "./node-class.ts";
import { PROBE_NODES } from "./probes.ts";
import { SAMPLING_NODES } from "./sampling.ts";
import { SAVING_NODES } from "./saving.ts";
import { SENDER_NODES } from "./senders.ts";

/** The classes that the fake has installed. */
export const NODE_CLASSES: ReadonlyMap<string, NodeClass> = new Map(
  [
    ...LOADER_NODES,
    ...SAMPLING_NODES,
    ...IMAGE_NODES,
    ...COMPOSING_NODES,
    ...SAVING_NODES,
    ...SENDER_NODES,
    ...PROBE_NODES,
  ].map((nodeClass) => [nodeClass.name, nodeClass]),
);
