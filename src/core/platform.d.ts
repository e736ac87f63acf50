/**
 * The whole list of platform names that the pure folders may use, written out, so that a name outside it does not
 * compile. Each is a Web standard present in workerd, Node and browsers alike. No clock, no randomness, no network.
 */

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: ArrayBuffer | ArrayBufferView, options?: { stream?: boolean }): string;
}

interface URLSearchParams {
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
  toString(): string;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}
declare var URLSearchParams: { new (init?: string | Record<string, string> | string[][]): URLSearchParams };

interface URL {
  href: string;
  protocol: string;
  username: string;
  password: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  hash: string;
  readonly origin: string;
  readonly searchParams: URLSearchParams;
  toString(): string;
}
declare var URL: { new (url: string, base?: string): URL; canParse(url: string, base?: string): boolean };

interface CryptoKey {
  readonly type: string;
}
interface SubtleCrypto {
  digest(algorithm: "SHA-256", data: ArrayBuffer | ArrayBufferView): Promise<ArrayBuffer>;
  importKey(
    format: "raw",
    key: ArrayBuffer | ArrayBufferView,
    algorithm: { name: "HMAC"; hash: "SHA-256" },
    extractable: boolean,
    usages: ("sign" | "verify")[],
  ): Promise<CryptoKey>;
  importKey(
    format: "pkcs8" | "raw",
    key: ArrayBuffer | ArrayBufferView,
    algorithm: "Ed25519",
    extractable: boolean,
    usages: ("sign" | "verify")[],
  ): Promise<CryptoKey>;
  exportKey(format: "jwk", key: CryptoKey): Promise<{ x?: string }>;
  sign(algorithm: "HMAC" | "Ed25519", key: CryptoKey, data: ArrayBuffer | ArrayBufferView): Promise<ArrayBuffer>;
  verify(
    algorithm: "Ed25519",
    key: CryptoKey,
    signature: ArrayBuffer | ArrayBufferView,
    data: ArrayBuffer | ArrayBufferView,
  ): Promise<boolean>;
}
declare var crypto: { readonly subtle: SubtleCrypto };

declare function atob(data: string): string;
declare function btoa(data: string): string;
