/**
 * The objects' storage as the local runtime keeps it: one SQLite file per object, and their alarms. For looking at
 * what no interface shows; only while the runtime is stopped.
 */
import { globSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { WORKER_NAME } from "../../scripts/local/host.ts";

/** What a job's object has stored. */
export type StoredObject = {
  jobId: string;
  effects: string[];
  deadlines: string[];
  events: { seq: number; type: string }[];
  /** When it is to be woken, or null. */
  alarmAt: number | null;
  expiresAt: number;
};

/** All objects with a job under this folder. */
export function readObjects(folder: string): StoredObject[] {
  const alarms = alarmsOf(`${folder}/do/${WORKER_NAME}-JobObject`);
  return globSync("*.sqlite", { cwd: `${folder}/do/${WORKER_NAME}-JobObject` }).flatMap((file) => {
    const objectId = file.slice(0, -".sqlite".length);
    const path = `${folder}/do/${WORKER_NAME}-JobObject/${file}`;
    return objectId === "metadata" ? [] : reading(path, (db) => objectOf(db, alarms.get(objectId) ?? null));
  });
}

/** When each object of a class is to be woken, by its id. */
function alarmsOf(folder: string): Map<string, number> {
  return reading(`${folder}/metadata.sqlite`, (db) => {
    // Nanoseconds, which are no safe numbers here.
    const rows = db.prepare("SELECT actor_id AS id, scheduled_time / 1000000 AS at FROM _cf_ALARM").all();
    return new Map(rows.map((row) => [String(row.id), Number(row.at)]));
  });
}

function reading<T>(path: string, read: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path);
  try {
    return read(db);
  } finally {
    db.close();
  }
}

function objectOf(db: DatabaseSync, alarmAt: number | null): StoredObject[] {
  if (!db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'job'").get()) return [];
  const row = db.prepare("SELECT spec, state, events FROM job").get();
  if (!row) return [];
  const spec = JSON.parse(String(row.spec)) as { id: string; expiresAt: number };
  const state = JSON.parse(String(row.state)) as { effects: object; deadlines: object };
  const events = JSON.parse(String(row.events)) as { seq: number; type: string }[];
  return [
    {
      jobId: spec.id,
      expiresAt: spec.expiresAt,
      effects: Object.keys(state.effects),
      deadlines: Object.keys(state.deadlines),
      events: events.map(({ seq, type }) => ({ seq, type })),
      alarmAt,
    },
  ];
}
