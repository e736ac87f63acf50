/**
 * Stands in front of the built Worker inside workerd and counts what is billed: rows as SQLite itself reports them,
 * alarms set, calls of objects by class and method, operations of the bucket. `/bench/counts` tells. Plain JavaScript,
 * because it is loaded as it is.
 */
import worker, * as product from "./index.js";

const counts = {
  cursors: [],
  rowsWritten: 0,
  alarmsSet: 0,
  objectCalls: 0,
  messagesIn: 0,
  bucketWrites: 0,
  bucketReads: 0,
  calls: {},
};
const patched = new Set();

/** Replaces a method of an object's class, once. */
function around(object, name, wrap) {
  const prototype = Object.getPrototypeOf(object);
  const original = prototype[name];
  if (typeof original !== "function" || patched.has(original)) return;
  const replacement = wrap(original);
  patched.add(replacement);
  prototype[name] = replacement;
}

function countStorage({ storage }) {
  around(
    storage.sql,
    "exec",
    (exec) =>
      function (...args) {
        const cursor = exec.apply(this, args);
        counts.cursors.push(cursor);
        return cursor;
      },
  );
  around(
    storage,
    "setAlarm",
    (setAlarm) =>
      function (...args) {
        counts.alarmsSet += 1;
        return setAlarm.apply(this, args);
      },
  );
}

function countBucket({ MEDIA }) {
  for (const [name, kind] of [
    ["put", "bucketWrites"],
    ["get", "bucketReads"],
    ["head", "bucketReads"],
  ]) {
    around(
      MEDIA,
      name,
      (operation) =>
        function (...args) {
          counts[kind] += 1;
          return operation.apply(this, args);
        },
    );
  }
}

/** Counts calls from outside; those that an object makes to its own methods are few and counted too. */
function counted(className, Base) {
  for (const name of Object.getOwnPropertyNames(Base.prototype)) {
    const { value } = Object.getOwnPropertyDescriptor(Base.prototype, name);
    if (name === "constructor" || typeof value !== "function") continue;
    const kind = name === "webSocketMessage" ? "messagesIn" : name.startsWith("webSocket") ? null : "objectCalls";
    if (kind === null) continue;
    Base.prototype[name] = function (...args) {
      counts[kind] += 1;
      const call = `${className}.${name}`;
      counts.calls[call] = (counts.calls[call] ?? 0) + 1;
      return value.apply(this, args);
    };
  }
  return class extends Base {
    constructor(ctx, env) {
      countStorage(ctx);
      countBucket(env);
      super(ctx, env);
    }
  };
}

export const JobObject = counted("JobObject", product.JobObject);
export const PoolObject = counted("PoolObject", product.PoolObject);
export const TenantObject = counted("TenantObject", product.TenantObject);
export const FakeComfyObject = product.FakeComfyObject;

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/bench/counts") return worker.fetch(request, env, ctx);
    const { cursors, ...rest } = counts;
    const sum = (name) => cursors.reduce((total, cursor) => total + cursor[name], 0);
    return Response.json({
      ...rest,
      statements: cursors.length,
      rowsWritten: sum("rowsWritten"),
      rowsRead: sum("rowsRead"),
    });
  },
};
