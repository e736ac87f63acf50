/**
 * A bucket whose next writes fail as R2 fails: with its numbered error, and with the body it was given canceled. For
 * the fault suite; reached only where TEST_HOOKS is on.
 */

/** The bucket, with `count` failing calls of `put` before the first that works. */
export function failingPuts(bucket: R2Bucket, count: number): R2Bucket {
  let left = count;
  const put = async (key: string, value: ReadableStream | string, options?: R2PutOptions) => {
    if (left <= 0) return bucket.put(key, value, options);
    left -= 1;
    const error = new Error("put: We encountered an internal error. Please try again. (10001)");
    if (value instanceof ReadableStream) await value.cancel(error);
    throw error;
  };
  return new Proxy(bucket, {
    get(target, name) {
      if (name === "put") return put;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
