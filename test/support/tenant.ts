/**
 * One project's object in the built Worker, called by RPC as the Worker and the jobs' objects call it. A folder of its
 * own keeps its rows, so that it can die and be started again on them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Host, startHost, WORKER_NAME } from "../../scripts/local/host.ts";
import type { Project, ProjectPatch, Quota } from "../../src/contract/account.ts";
import type * as T from "../../src/core/tenant/vocabulary.ts";
import type { Admission, JobRecord, KeyRecord, ListQuery } from "../../src/core/tenant/vocabulary.ts";

type TokenLimits = Admission["tokenLimits"];

/** What a `TenantObject` answers to. */
export type TenantRpc = {
  authority(): Promise<T.Authority>;
  setUp(name: string, key?: KeyRecord): Promise<void>;
  describe(): Promise<Project>;
  update(patch: ProjectPatch): Promise<Project>;
  addKey(key: KeyRecord): Promise<"added" | "limit">;
  listKeys(): Promise<KeyRecord[]>;
  rotateKey(id: string, successor: KeyRecord, overlapMs: number, othersRemain?: boolean): Promise<T.RotateAnswer>;
  revokeKey(id: string, othersRemain?: boolean): Promise<T.RevokeAnswer>;
  revokeUser(user: string): Promise<{ at: number; jobIds: string[] }>;
  admit(admission: Admission): Promise<T.AdmitAnswer>;
  record(record: JobRecord): Promise<void>;
  list(query: ListQuery): Promise<T.ListAnswer>;
  changes(query: T.ChangesQuery): Promise<T.ChangesAnswer>;
  quotas(user: string | null, token: TokenLimits): Promise<Quota[]>;
  countUpload(user: string | null, bytes: number, token: TokenLimits): Promise<T.UploadAnswer>;
  openStream(id: string, user: string | null, token: TokenLimits): Promise<T.StreamAnswer>;
  closeStream(id: string): Promise<void>;
  usage(query: T.UsageQuery): Promise<T.UsageAnswer>;
  addProject(project: T.ProjectRecord): Promise<void>;
  listProjects(): Promise<T.ProjectRecord[]>;
  stats(): Promise<T.TenantStats>;
  dieAt(point: string): Promise<void>;
  alarmAt(now: number): Promise<void>;
};

export type TestTenants = {
  /** The object of a project. It dies with none of its calls: each call finds the object anew. */
  project(id: string): TenantRpc;
  /** Ends the Worker in order and starts it on what it has stored. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

/** Starts the Worker. The caller closes it. */
export async function startTenants(): Promise<TestTenants> {
  const folder = mkdtempSync(join(tmpdir(), "easelcast-tenant-"));
  const vars = { SECRET_KEY_HASHES: "0".repeat(64), SIGNING_SECRET: "s".repeat(32), TEST_HOOKS: "on" };
  const start = () => startHost({ persistTo: folder, vars });
  let host: Host = await start();
  const call = async (id: string, method: string, args: unknown[]): Promise<unknown> => {
    const namespace = await host.miniflare.getDurableObjectNamespace("TENANTS", WORKER_NAME);
    const stub = namespace.get(namespace.idFromName(id)) as unknown as Record<string, (...args: unknown[]) => unknown>;
    const answer = await stub[method]?.(...args);
    // Miniflare keeps an object that came by RPC on its own side and reads it field by field.
    return typeof answer === "object" && answer !== null && !Array.isArray(answer) ? { ...answer } : answer;
  };
  return {
    project: (id) =>
      new Proxy({} as TenantRpc, {
        get: (_, method) =>
          typeof method === "string" && method !== "then" ? (...args: unknown[]) => call(id, method, args) : undefined,
      }),
    restart: async () => {
      await host.dispose();
      host = await start();
    },
    close: async () => {
      await host.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
