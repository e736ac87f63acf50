/** What a node class declares and what it may do while it runs. The classes themselves are in the files beside. */
import type { FileStore } from "../files.ts";
import type { Json, JsonObject } from "../json.ts";
import type { FakeOptions, FakePorts } from "../options.ts";
import type { Inputs, Value } from "./value.ts";

/** `[type]` or `[type, options]` as /object_info prints it; a list in place of the type is a combo. */
export type InputSpec = readonly [string | readonly string[], JsonObject?];

/** The inputs of a class, in the order of declaration. */
export interface InputSpecs {
  readonly required: Readonly<Record<string, InputSpec>>;
  readonly optional?: Readonly<Record<string, InputSpec>>;
  readonly hidden?: Readonly<Record<string, string>>;
}

/** What declarations may depend on: the server's files and settings. */
export interface NodeEnvironment {
  readonly options: FakeOptions;
  readonly ports: FakePorts;
  readonly files: FileStore;
}

/** A picture that goes out with a progress update. */
export interface ProgressPicture {
  readonly format: "JPEG" | "PNG";
  readonly bytes: Uint8Array;
}

/** The server as seen by a running node. */
export interface NodeContext extends NodeEnvironment {
  readonly nodeId: string;
  /** The node's inputs as written in the prompt, links included: for expansion. */
  readonly written: JsonObject;
  /** The whole prompt and the extra metadata of the request, for file metadata. */
  readonly prompt: JsonObject;
  readonly extraPngInfo: JsonObject | null;
  /** Whether latent previews are wanted for this prompt. */
  readonly previews: boolean;
  /** A progress tick: throws when the prompt is interrupted, else tells the client. */
  progress(value: number, max: number, picture?: ProgressPicture): void;
  /** Lets `ms` pass, counted from the end of the last pause, so that computing does not add to it. */
  pause(ms: number): Promise<void>;
  /** A binary frame to the client of the prompt. */
  sendFrame(bytes: Uint8Array): void;
  /** An event of any type to the client of the prompt. */
  sendEvent(type: string, data: Json): void;
  /** A type 3 frame about this node to every client. */
  sendText(text: string): void;
  /** The publisher meets an exception: the server dies (protocol P1). */
  crashServer(): void;
}

/** What one call of a node gives. */
export interface NodeResult {
  readonly outputs?: readonly Value[];
  /** UI data, sent as `executed` and kept in history. */
  readonly ui?: JsonObject;
  /** Node expansion: nodes to run in place of this one, and links (or values) that become its outputs. */
  readonly expand?: { readonly graph: JsonObject; readonly results: readonly Json[] };
}

/** A node class. */
export interface NodeClass {
  readonly name: string;
  readonly title: string;
  readonly category: string;
  inputs(environment: NodeEnvironment): InputSpecs;
  /** Output types with their names. */
  readonly outputs: readonly (readonly [type: string, name: string])[];
  readonly isOutput?: boolean;
  readonly hasIntermediateOutput?: boolean;
  /** Runs beside other nodes (an `async def`). */
  readonly isAsync?: boolean;
  /** Keeps its own time: the server's `nodeMs` is not added. */
  readonly ownTime?: boolean;
  /** Inputs that the class checks itself: range and combo checks are skipped. Returns what is wrong, or null. */
  readonly check?: { readonly input: string; run(value: Json, environment: NodeEnvironment): string | null };
  /** A value that must be the same for a cached result to count (IS_CHANGED); null never matches. */
  isChanged?(inputs: JsonObject, environment: NodeEnvironment): string | null;
  /** Inputs whose nodes run only if asked for. */
  readonly lazyInputs?: readonly string[];
  /** Names of lazy inputs that are still needed, given those at hand. */
  needs?(inputs: Inputs): readonly string[];
  run(inputs: Inputs, context: NodeContext): Promise<NodeResult>;
}

/** The value of a plain output. */
export function jsonValue(json: Json): Value {
  return { type: "json", json };
}
