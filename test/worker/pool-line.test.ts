/** The pool's line between users, spoken to as jobs speak to it. */
import { afterEach, describe, expect, it } from "vitest";
import type { LeaseRequest } from "../../src/core/pool/line.ts";
import { TestPool } from "../support/pool.ts";

let pool: TestPool;
afterEach(() => pool.close());

/** Two places at one backend, both taken. */
async function fullPool(): Promise<void> {
  pool = await new TestPool().start();
  await pool.hold("x1");
  await pool.hold("x2");
}

const positions = async (names: readonly string[], rest: Partial<LeaseRequest> = {}) => {
  const places: (number | null)[] = [];
  for (const name of names) places.push((await pool.wait(name, rest)).position);
  return places;
};

describe("the line", () => {
  it("[B7] lets users take turns, and asking again moves nobody", async () => {
    await fullPool();
    expect(await positions(["a1", "a2", "a3", "b1", "b2"])).toEqual([1, 2, 3, 2, 4]);
    expect(await positions(["a1", "a2", "a3", "b1", "b2"])).toEqual([1, 3, 5, 2, 4]);
    expect(await (await pool.calls()).overview()).toMatchObject({ waiting: 5, leased: 2 });
  });

  it("[B7] puts a user who holds places behind one who holds none", async () => {
    await fullPool();
    expect(await positions(["x3", "a1"])).toEqual([1, 1]);
    expect(await positions(["x3"])).toEqual([2]);
  });

  it("[B7] moves a job that asks with another priority, within its user's jobs", async () => {
    await fullPool();
    await positions(["a1", "a2", "b1"]);
    expect(await positions(["a2"], { priority: "high" })).toEqual([1]);
    expect(await positions(["a1", "b1"])).toEqual([3, 2]);
    expect(await positions(["a2"], { priority: "low" })).toEqual([3]);
  });

  it("[B7] lets the others move up when one leaves", async () => {
    await fullPool();
    await positions(["a1", "b1", "c1"]);
    await (await pool.calls()).withdraw("b1");
    expect(await positions(["a1", "c1"])).toEqual([1, 2]);
  });

  it("[B8] passes over a user at the limit, and says so", async () => {
    pool = await new TestPool().start();
    const lease = await pool.hold("a1", { maxRunning: 1 });
    expect(await pool.wait("a2", { maxRunning: 1 })).toMatchObject({ position: 1, reason: "your_concurrency" });
    const other = await pool.hold("b1");
    expect(await pool.wait("b2")).toMatchObject({ position: 2, reason: "workers_busy" });
    await pool.release(other);
    // b2 had its turn; a2 still waits for its own user's run to end.
    expect(await pool.wait("a2", { maxRunning: 1 })).toMatchObject({ reason: "your_concurrency" });
    await pool.release(lease);
    expect((await pool.ask("a2", { maxRunning: 1 })).type).toBe("granted");
  });

  it("[B8] passes over all users of a project at the project's limit, and goes on when any of its jobs ends", async () => {
    pool = await new TestPool().start();
    const lease = await pool.hold("a1", { groupMax: 1 });
    expect(await pool.wait("b1", { groupMax: 1 })).toMatchObject({ position: 1, reason: "your_concurrency" });
    await pool.hold("c1", { owner: "other/c" });
    const calls = await pool.calls();
    expect(await calls.overview()).toMatchObject({ waiting: 1, leased: 2 });
    await pool.release(lease);
    expect(await calls.overview()).toMatchObject({ waiting: 0 });
  });

  it("[B3] never writes who need not wait, beside users at their limit too", async () => {
    pool = await new TestPool().start();
    await pool.hold("a1", { maxRunning: 1 });
    await pool.wait("a2", { maxRunning: 1 });
    await pool.hold("b1");
    await pool.stop();
    expect(pool.rows((db) => db.prepare("SELECT job FROM line").all())).toEqual([{ job: "a2" }]);
  });

  it("[B7] tells the place of those far behind as far as it is certain", async () => {
    await fullPool();
    for (let n = 1; n <= 30; n++) await pool.wait(`a${n}`);
    expect(await pool.wait("a30")).toMatchObject({ position: 30, ahead: 29 });
    await pool.wait("b1");
    expect(await pool.wait("a30")).toMatchObject({ position: null, ahead: 30 });
    expect(await pool.wait("a20")).toMatchObject({ position: null, ahead: 20 });
    expect(await pool.wait("a19")).toMatchObject({ position: 20, ahead: 19 });
  });
});

describe("after a restart", () => {
  it("[B7] the line is as it was: users, priorities, ages, limits and what each holds", async () => {
    pool = await new TestPool().start();
    await pool.hold("x1", { maxRunning: 1 });
    await pool.hold("y1");
    await pool.wait("x2", { maxRunning: 1 });
    await positions(["a1", "b1", "b2"]);
    await positions(["b2"], { priority: "high" });
    await pool.restart();
    expect(await positions(["a1", "b1"])).toEqual([2, 4]);
    expect(await positions(["b2"], { priority: "high" })).toEqual([3]);
    expect(await pool.wait("x2", { maxRunning: 1 })).toMatchObject({ position: 1, reason: "your_concurrency" });
  });

  it("[B8] a user at the limit is still passed over", async () => {
    pool = await new TestPool().start();
    await pool.hold("x1", { maxRunning: 1 });
    await pool.wait("x2", { maxRunning: 1 });
    await pool.restart();
    await pool.release(await pool.hold("y1"));
    expect(await (await pool.calls()).overview()).toMatchObject({ waiting: 1, leased: 1 });
  });

  it("[B8] a project at its limit is still passed over, and its leases still count for it", async () => {
    pool = await new TestPool().start();
    const lease = await pool.hold("a1", { owner: "a", group: "shop", groupMax: 1 });
    await pool.wait("b1", { owner: "b", group: "shop", groupMax: 1 });
    await pool.restart();
    await pool.release(await pool.hold("c1", { owner: "c", group: "other" }));
    expect(await (await pool.calls()).overview()).toMatchObject({ waiting: 1, leased: 1 });
    await pool.release(lease);
    expect(await (await pool.calls()).overview()).toMatchObject({ waiting: 0 });
  });

  it("[B8] the rows of a version that knew no project limits count for the project in their user's name", async () => {
    await fullPool();
    await pool.wait("x3");
    await pool.stop();
    pool.rows((db) =>
      db.exec(`ALTER TABLE lease DROP COLUMN owner_group;
        ALTER TABLE line DROP COLUMN owner_group; ALTER TABLE line DROP COLUMN group_max;`),
    );
    await pool.start();
    expect(await (await pool.calls()).overview()).toMatchObject({ waiting: 1, leased: 2 });
    expect(await pool.wait("a1", { groupMax: 2 })).toMatchObject({ reason: "your_concurrency" });
    expect(await pool.wait("x3")).toMatchObject({ position: 2, reason: "your_concurrency" });
    expect(await pool.wait("b1", { owner: "other/b" })).toMatchObject({ position: 3, reason: "workers_busy" });
  });

  it("[B7] who had a turn is still behind who had none", async () => {
    pool = await new TestPool([{ id: "box", url: "fake:demo", slots: 1 }]).start();
    const lease = await pool.hold("x1");
    await pool.wait("a1");
    // Not yet to be run, so that they stay while a1 has its turn.
    await pool.wait("a2", { maxRunning: 0 });
    await pool.wait("b1", { maxRunning: 0 });
    await pool.release(lease);
    await expect.poll(async () => (await (await pool.calls()).overview()).leased).toBe(0);
    await pool.hold("x2");
    await pool.restart();
    await positions(["a2", "b1"]);
    expect(await positions(["a2", "b1"])).toEqual([2, 1]);
  });

  it("[B3] the rows of a version that knew no users are taken over, in their order", async () => {
    await fullPool();
    await pool.stop();
    pool.rows((db) => {
      db.exec(`DROP TABLE line; DROP TABLE lease;
        CREATE TABLE lease (job TEXT PRIMARY KEY, id TEXT NOT NULL, backend TEXT NOT NULL, shape TEXT NOT NULL, expires_at INTEGER NOT NULL, told INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE waiting (place INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL UNIQUE, shape TEXT NOT NULL, at INTEGER NOT NULL);
        INSERT INTO waiting (place, job, shape, at) VALUES (7, 'a1', 's', 0), (8, 'a2', 's', 0), (12, 'b1', 's', 0);
        INSERT OR REPLACE INTO learned VALUES ('box', 'known', '{"nodeMs":{"3":10},"samples":2,"runMs":1500}');`);
      const insert = db.prepare("INSERT INTO lease VALUES (?, ?, 'box', 's', ?, 1)");
      for (const name of ["x1", "x2"]) insert.run(name, `lease of ${name}`, Date.now() + 60_000);
    });
    await pool.start();
    const calls = await pool.calls();
    expect(await calls.overview()).toMatchObject({ waiting: 3, leased: 2 });
    expect((await calls.estimate("known")).runMs).toEqual({ p50: 1_500, p90: null });
    expect(await calls.renew("lease of x1")).toBe(true);
    // Each asks again in its user's name, and keeps its age.
    await positions(["b1", "a2", "a1"]);
    expect(await positions(["a1", "a2", "b1"])).toEqual([1, 3, 2]);
    expect(await calls.overview()).toMatchObject({ waiting: 3, leased: 2 });
    await pool.restart();
    expect(await positions(["a1", "a2", "b1"])).toEqual([1, 3, 2]);
    await pool.stop();
    const tables = pool.rows((db) => db.prepare("SELECT name FROM sqlite_master WHERE name = 'waiting'").all());
    expect(tables).toEqual([]);
  });
});

describe("health", () => {
  it("[B4] a run that found its backend off keeps others from it until it answers again", async () => {
    pool = await new TestPool().start();
    await pool.release(await pool.hold("x1"), { type: "unreachable" });
    expect(await pool.wait("a1")).toMatchObject({ position: 1, reason: "backend_offline", estStartMs: null });
    await expect.poll(async () => (await (await pool.calls()).overview()).waiting, { timeout: 10_000 }).toBe(0);
  });
});

describe("before a job is made", () => {
  it("[B5] an estimate tells how long runs of the kind take, and when one would begin", async () => {
    pool = await new TestPool().start();
    const calls = await pool.calls();
    expect(await calls.estimate("a shape")).toEqual({ startMs: 0, runMs: null });
    for (const runMs of [50_000, 60_000, 55_000, 90_000, 58_000]) {
      await pool.release(await pool.hold("x1"), { type: "finished", nodeMs: { "3": runMs }, runMs });
    }
    expect(await calls.estimate("a shape")).toEqual({ startMs: 0, runMs: { p50: 58_000, p90: 90_000 } });
    await pool.hold("x1");
    await pool.hold("x2");
    await positions(["a1", "a2", "a3"]);
    const startMs = async (asker = {}) => (await calls.estimate("a shape", asker)).startMs ?? 0;
    // A new user comes after the two who run and one of a's; a second job of a's user after all of them.
    expect(Math.round((await startMs()) / 58_000)).toBe(3);
    expect(Math.round((await startMs({ owner: "project/a" })) / 58_000)).toBe(5);
    expect(await calls.overview()).toMatchObject({ waiting: 3, leased: 2 });
  });

  it("[B8] an estimate knows the project's limit", async () => {
    const boxes = ["one", "two"].map((id) => ({ id, url: "fake:demo", slots: 1 }));
    pool = await new TestPool(boxes).start();
    const calls = await pool.calls();
    await pool.release(await pool.hold("x1"), { type: "finished", nodeMs: { "3": 50_000 }, runMs: 50_000 });
    await pool.hold("x1");
    const startMs = async (owner: string, groupMax: number) =>
      (await calls.estimate("a shape", { owner, groupMax })).startMs;
    expect([await startMs("project/a", 2), await startMs("other/a", 1)]).toEqual([0, 0]);
    expect(Math.round(((await startMs("project/a", 1)) ?? 0) / 50_000)).toBe(1);
    expect(await startMs("project/a", 0)).toBeNull();
    expect(await calls.overview()).toMatchObject({ waiting: 0, leased: 1 });
  });

  it("[B4] the capacity tells whether a job would wait", async () => {
    pool = await new TestPool().start();
    const calls = await pool.calls();
    expect(await calls.capacity()).toEqual({ state: "ok", queueDepth: 0, workersReady: 1, estStartMs: 0 });
    await pool.hold("x1");
    await pool.hold("x2");
    await pool.wait("a1");
    expect(await calls.capacity()).toEqual({ state: "busy", queueDepth: 1, workersReady: 1, estStartMs: null });
  });

  it("[B4] a pool whose backends are off says so, and names no time", async () => {
    // Nothing listens on the discard port.
    pool = await new TestPool([{ id: "box", url: "http://127.0.0.1:9" }]).start();
    const calls = await pool.calls();
    expect(await calls.capacity()).toEqual({ state: "offline", queueDepth: 0, workersReady: 0, estStartMs: null });
    expect(await pool.wait("a1")).toMatchObject({ position: 1, reason: "backend_offline", estStartMs: null });
    expect((await calls.estimate("a shape")).startMs).toBeNull();
  });
});
