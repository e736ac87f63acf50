/** Byte strings for tests that build files from their specifications, independently of the code under test. */

/** What no clean copy may contain. */
export const PROMPT = '{"3": {"class_type": "KSampler", "inputs": {"text": "a very secret prompt"}}}';

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, "latin1"));
/** The pieces one after the other; strings are ISO 8859-1, numbers single bytes. */
export const join = (...pieces: (Uint8Array | string | number)[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat(pieces.map((p) => (typeof p === "string" ? text(p) : typeof p === "number" ? Uint8Array.of(p) : p))),
  );
/** A byte string of `length` that `write` fills. */
export const bytesOf = (length: number, write: (buffer: Buffer) => void): Uint8Array => {
  const buffer = Buffer.alloc(length);
  write(buffer);
  return new Uint8Array(buffer);
};
/** 16 bits, most significant byte first. */
export const be16 = (value: number): Uint8Array => bytesOf(2, (b) => b.writeUInt16BE(value));
/** 32 bits, most significant byte first. */
export const be32 = (value: number): Uint8Array => bytesOf(4, (b) => b.writeUInt32BE(value));
/** 64 bits, most significant byte first. */
export const be64 = (value: number): Uint8Array => bytesOf(8, (b) => b.writeBigUInt64BE(BigInt(value)));
/** 16 bits, least significant byte first. */
export const le16 = (value: number): Uint8Array => bytesOf(2, (b) => b.writeUInt16LE(value));
/** 32 bits, least significant byte first. */
export const le32 = (value: number): Uint8Array => bytesOf(4, (b) => b.writeUInt32LE(value));
/** A run of zero bytes. */
export const zeros = (count: number): Uint8Array => new Uint8Array(count);
/** Bytes without a pattern, the same at each call. */
export const noise = (count: number): Uint8Array => {
  let state = 12345;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 16;
  });
};

/** A RIFF chunk, padded to an even length. */
export const riffChunk = (name: string, data: Uint8Array | string): Uint8Array => {
  const body = join(data);
  return join(name, le32(body.length), body, zeros(body.length % 2));
};
/** A RIFF file of one form. */
export const riff = (form: string, ...chunks: Uint8Array[]): Uint8Array => {
  const body = join(form, ...chunks);
  return join("RIFF", le32(body.length), body);
};
