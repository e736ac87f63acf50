/** What flows along the links of a graph, and how a node reads its inputs. */
import { type Json, numberOf, pythonText } from "../json.ts";
import type { Picture } from "../media/picture.ts";

/** A latent: not pixels but the way to get them, at any size, so that previews are cheap. */
export interface Latent {
  readonly width: number;
  readonly height: number;
  readonly batch: number;
  /** The picture `index` of the batch at a size. */
  paint(index: number, width: number, height: number): Picture;
}

/** One output of a node. */
export type Value =
  | { readonly type: "json"; readonly json: Json }
  | { readonly type: "images"; readonly pictures: readonly Picture[] }
  | { readonly type: "latent"; readonly latent: Latent }
  | { readonly type: "conditioning"; readonly text: string }
  | { readonly type: "handle"; readonly name: string }
  /** ComfyUI's ExecutionBlocker: nodes that get it do not run; a message is reported as an error (protocol §2.6). */
  | { readonly type: "blocked"; readonly message: string | null };

/** An exception inside a node, as `execution_error` shows it. */
export class NodeFailure extends Error {
  readonly exceptionType: string;
  constructor(exceptionType: string, message: string) {
    super(message);
    this.exceptionType = exceptionType;
  }
}

/** The named inputs of one node call. Reading a missing or foreign value fails like Python would. */
export class Inputs {
  readonly #values: ReadonlyMap<string, Value>;

  constructor(values: ReadonlyMap<string, Value>) {
    this.#values = values;
  }

  get entries(): ReadonlyMap<string, Value> {
    return this.#values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  value(name: string): Value {
    const value = this.#values.get(name);
    if (value === undefined) throw new NodeFailure("TypeError", `missing 1 required positional argument: '${name}'`);
    return value;
  }

  json(name: string): Json {
    const value = this.value(name);
    if (value.type !== "json") throw new NodeFailure("TypeError", `unexpected ${value.type} for '${name}'`);
    return value.json;
  }

  /** A number, or `fallback` when the input is absent. */
  number(name: string, fallback?: number): number {
    if (fallback !== undefined && !this.has(name)) return fallback;
    const number = numberOf(this.json(name));
    if (number === null) throw new NodeFailure("TypeError", `'${name}' is not a number`);
    return number;
  }

  /** The text of a value, whatever its type, or `fallback` when the input is absent. */
  text(name: string, fallback?: string): string {
    if (fallback !== undefined && !this.has(name)) return fallback;
    return pythonText(this.json(name));
  }

  images(name: string): readonly Picture[] {
    const value = this.value(name);
    if (value.type !== "images") throw new NodeFailure("AttributeError", `'${name}' has no attribute 'shape'`);
    return value.pictures;
  }

  latent(name: string): Latent {
    const value = this.value(name);
    if (value.type !== "latent") throw new NodeFailure("TypeError", `'${name}' is not a latent`);
    return value.latent;
  }

  conditioning(name: string): string {
    const value = this.value(name);
    return value.type === "conditioning" ? value.text : "";
  }
}

const MAX_PIXELS = 64_000_000;

/** Raises as a machine with too little memory would, before that much is allocated. */
export function reservePixels(width: number, height: number, count: number): void {
  if (width * height * count > MAX_PIXELS) {
    throw new NodeFailure("RuntimeError", "[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: not enough memory");
  }
}
