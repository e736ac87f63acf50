/**
 * The platform names that the fake ComfyUI uses, written out: Web standards present in workerd and Node alike.
 * Everything else (time, timers, randomness, compression) comes in through `FakePorts`.
 */

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: ArrayBuffer | ArrayBufferView): string;
}

interface URLSearchParams {
  get(name: string): string | null;
  has(name: string): boolean;
}
declare var URLSearchParams: { new (init?: string): URLSearchParams };
