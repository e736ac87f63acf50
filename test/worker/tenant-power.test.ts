/** A project's object: settings, keys, revocations, the projects it made. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAX_KEYS } from "../../src/contract/account.ts";
import { startTenants, type TenantRpc, type TestTenants } from "../support/tenant.ts";
import { admission, keyRecord, listing, recordOf } from "../support/tenant-samples.ts";

const DAY_MS = 86_400_000;

let tenants: TestTenants;
beforeAll(async () => {
  tenants = await startTenants();
});
afterAll(() => tenants.close());

let count = 0;
const fresh = (): { id: string; project: TenantRpc } => {
  const id = `prj_power${String(++count).padStart(21, "0")}`;
  return { id, project: tenants.project(id) };
};

describe("a project that nobody set up", () => {
  it("answers with defaults and stores nothing, whatever is asked of it", async () => {
    const { id, project } = fresh();
    expect(await project.authority()).toMatchObject({
      project: { id, name: id },
      keys: [],
      voidBefore: {},
      issuers: [],
      limits: { jobs_per_day: null },
    });
    expect(await project.describe()).toMatchObject({ id, name: id, issuers: [] });
    expect(await project.list(listing())).toEqual({ jobs: [], next: null });
    const after = { user: null, after: null, limit: 20 };
    expect(await project.changes(after)).toMatchObject({ type: "page", jobs: [], removed: [], hasMore: false });
    expect(await project.quotas("u", { jobs_per_day: 3 })).toHaveLength(1);
    expect(await project.usage({ from: "2026-01-01", to: "2026-12-31", groupBy: "day" })).toEqual([]);
    expect(await project.listProjects()).toEqual([]);
    expect(await project.listKeys()).toEqual([]);
    expect(await project.revokeKey("key_unknown")).toBe("unknown");
    await project.openStream("s", "u", null);
    await project.closeStream("s");
    expect(await project.admit(admission({ keyId: "key_unknown" }))).toMatchObject({ type: "revoked" });
    expect(await project.admit(admission({ user: "u", tokenLimits: { jobs_per_day: 0 } }))).toMatchObject({
      type: "limited",
    });
    await project.alarmAt(Date.now() + DAY_MS);
    expect(await project.stats()).toMatchObject({ rowsWritten: 0, alarmAt: null });
  });
});

describe("a project's settings", () => {
  it("are made once, changed by what a patch names, and kept", async () => {
    const { id, project } = fresh();
    await project.setUp("Postcards", keyRecord("first"));
    await project.setUp("Something else", keyRecord("second"));
    await project.update({ limits: { jobs_per_day: 100 } });
    const changed = await project.update({ user_limits: { concurrent: 2 }, limits: { streams: 5 } });
    expect(changed).toMatchObject({
      object: "project",
      name: "Postcards",
      limits: { jobs_per_day: 100, streams: 5 },
      user_limits: { concurrent: 2 },
    });
    await tenants.restart();
    expect(await project.describe()).toEqual(changed);
    const { project: named, keys, limits } = await project.authority();
    expect({ named, keys: keys.map(({ name }) => name), limits: limits.streams }).toEqual({
      named: { id, name: "Postcards" },
      keys: ["first"],
      limits: 5,
    });
  });

  it("do not reach another project", async () => {
    const [one, other] = [fresh(), fresh()];
    await one.project.setUp("One", keyRecord("one"));
    await one.project.admit(admission());
    expect(await other.project.authority()).toMatchObject({ keys: [], project: { name: other.id } });
    expect((await other.project.list(listing())).jobs).toEqual([]);
  });

  it("remember the projects that were made, newest first", async () => {
    const { project } = fresh();
    const made = [1, 2].map((n) => ({ id: `prj_${n}`, name: `Project ${n}`, createdAt: n }));
    for (const one of [...made, ...made]) await project.addProject(one);
    expect(await project.listProjects()).toEqual([...made].reverse());
  });
});

describe("secret keys", () => {
  it("[A11] count on for the overlap of their rotation, and no longer", async () => {
    const { project } = fresh();
    const [old, next, instead] = [keyRecord("old"), keyRecord("next"), keyRecord("instead")];
    await project.addKey(old);
    expect(await project.rotateKey(old.id, next, 60_000)).toBe("rotated");
    const overlap = await project.listKeys();
    expect(overlap.map(({ name, replacedBy }) => [name, replacedBy])).toEqual([
      ["old", next.id],
      ["next", null],
    ]);
    expect(await project.admit(admission({ keyId: old.id }))).toMatchObject({ type: "admitted" });
    expect(await project.rotateKey(next.id, instead, 0)).toBe("rotated");
    expect(await project.admit(admission({ keyId: next.id }))).toEqual({ type: "revoked", code: "key_revoked" });
    expect(await project.admit(admission({ keyId: instead.id }))).toMatchObject({ type: "admitted" });
    expect(await project.rotateKey(next.id, keyRecord("late"), 0)).toBe("over");
    expect(await project.rotateKey("key_none", keyRecord("none"), 0)).toBe("unknown");
  });

  it("[A11] are revoked for good and listed for thirty days", async () => {
    const { project } = fresh();
    const [kept, gone] = [keyRecord("kept"), keyRecord("gone")];
    await project.addKey(kept);
    await project.addKey(gone);
    expect(await project.revokeKey(gone.id)).toBe("revoked");
    expect(await project.revokeKey(gone.id)).toBe("revoked");
    expect(await project.admit(admission({ keyId: gone.id }))).toEqual({ type: "revoked", code: "key_revoked" });
    await tenants.restart();
    expect((await project.listKeys()).map(({ revokedAt }) => revokedAt === null)).toEqual([true, false]);
    await project.alarmAt(Date.now() + 30 * DAY_MS + 1);
    expect((await project.listKeys()).map(({ id }) => id)).toEqual([kept.id]);
  });

  it("[A11] leave one that can make keys", async () => {
    const { project } = fresh();
    const [maker, reader] = [keyRecord("maker"), keyRecord("reader", { scopes: ["jobs:read"] })];
    await project.addKey(maker);
    await project.addKey(reader);
    expect(await project.revokeKey(maker.id)).toBe("last");
    expect(await project.rotateKey(maker.id, keyRecord("weak", { scopes: ["jobs:read"] }), 0)).toBe("last");
    expect(await project.revokeKey(reader.id)).toBe("revoked");
    expect(await project.revokeKey(maker.id, true)).toBe("revoked");
  });

  it("[A11] are as many as a project may have", async () => {
    const { project } = fresh();
    const keys = Array.from({ length: MAX_KEYS }, (_, index) => keyRecord(`k${index}`));
    for (const key of keys) expect(await project.addKey(key)).toBe("added");
    expect(await project.addKey(keyRecord("more"))).toBe("limit");
    expect(await project.rotateKey(keys[0]?.id ?? "", keyRecord("turned"), 60_000)).toBe("rotated");
    expect(await project.addKey(keyRecord("more"))).toBe("limit");
    await project.revokeKey(keys[1]?.id ?? "");
    expect(await project.addKey(keyRecord("more"))).toBe("added");
  });
});

describe("a user whose tokens are revoked", () => {
  it("[A8] gets in with none that was made until then, and with any that was made later", async () => {
    const { project } = fresh();
    const [queued, ended] = [admission({ user: "u" }), admission({ user: "u" })];
    for (const job of [queued, ended, admission({ user: "v" })]) await project.admit(job);
    await project.record(recordOf(ended, { status: "succeeded" }));
    const { at, jobIds } = await project.revokeUser("u");
    expect(jobIds).toEqual([queued.jobId]);
    const ask = (user: string, tokenMadeAt: number, jobId = admission().jobId) =>
      project.admit(admission({ user, tokenMadeAt, jobId }));
    expect(await ask("u", at)).toEqual({ type: "revoked", code: "token_revoked" });
    expect(await ask("u", at, queued.jobId)).toEqual({ type: "revoked", code: "token_revoked" });
    expect(await ask("u", at + 1)).toMatchObject({ type: "admitted" });
    expect(await ask("v", at)).toMatchObject({ type: "admitted" });
    await tenants.restart();
    expect((await project.authority()).voidBefore).toEqual({ u: at });
    expect(await ask("u", at)).toMatchObject({ type: "revoked" });
  });

  it("[A8] is remembered for as long as a token may live", async () => {
    const { project } = fresh();
    const { at } = await project.revokeUser("u");
    expect((await project.stats()).alarmAt).toBe(at + DAY_MS);
    await project.alarmAt(at + DAY_MS - 1);
    expect((await project.authority()).voidBefore).toEqual({ u: at });
    await project.alarmAt(at + DAY_MS);
    expect((await project.authority()).voidBefore).toEqual({});
  });
});
