/**
 * A project's own rows: its settings, its keys, the users whose tokens were revoked, the projects it made. They are few,
 * read once when the object starts, and kept in memory.
 */
import { isListed } from "../../core/tenant/keys.ts";
import { defaultSettings } from "../../core/tenant/settings.ts";
import type { KeyRecord, ProjectRecord, ProjectSettings } from "../../core/tenant/vocabulary.ts";
import type { Rows } from "./rows.ts";

export class ProjectStore {
  readonly #rows: Rows;
  settings: ProjectSettings;
  /** Changes up to this number were forgotten where they were removals. */
  floor: number;
  readonly keys = new Map<string, KeyRecord>();
  /** When the tokens of a user were revoked. */
  readonly voided = new Map<string, number>();

  constructor(rows: Rows, id: string) {
    this.#rows = rows;
    const stored = new Map<string, string>();
    if (rows.has("setting")) {
      for (const { name, value } of rows.read<{ name: string; value: string }>("SELECT name, value FROM setting")) {
        stored.set(name, value);
      }
    }
    const settings = stored.get("project");
    this.settings = settings ? (JSON.parse(settings) as ProjectSettings) : defaultSettings(id);
    this.floor = Number(stored.get("floor") ?? 0);
    if (rows.has("key")) {
      for (const { record } of rows.read<{ record: string }>("SELECT record FROM key ORDER BY rowid")) {
        const key = JSON.parse(record) as KeyRecord;
        this.keys.set(key.id, key);
      }
    }
    if (rows.has("voided")) {
      for (const { user, at } of rows.read<{ user: string; at: number }>("SELECT user, at FROM voided")) {
        this.voided.set(user, at);
      }
    }
  }

  saveSettings(settings: ProjectSettings): void {
    this.#save("project", JSON.stringify(settings));
    this.settings = settings;
  }

  saveFloor(floor: number): void {
    this.#save("floor", String(floor));
    this.floor = floor;
  }

  saveKeys(...keys: KeyRecord[]): void {
    this.#rows.make("key", "CREATE TABLE key (id TEXT PRIMARY KEY, record TEXT NOT NULL)");
    this.#rows.together(() => {
      for (const key of keys) {
        this.#rows.run(
          "INSERT INTO key VALUES (?1, ?2) ON CONFLICT DO UPDATE SET record = ?2",
          key.id,
          JSON.stringify(key),
        );
      }
    });
    for (const key of keys) this.keys.set(key.id, key);
  }

  /** Drops the keys that are no longer listed. */
  dropKeys(now: number): void {
    for (const key of this.keys.values()) {
      if (isListed(key, now)) continue;
      this.#rows.run("DELETE FROM key WHERE id = ?", key.id);
      this.keys.delete(key.id);
    }
  }

  saveVoided(user: string, at: number): void {
    this.#rows.make("voided", "CREATE TABLE voided (user TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID");
    this.#rows.run("INSERT OR REPLACE INTO voided VALUES (?, ?)", user, at);
    this.voided.set(user, at);
  }

  /** Drops the revocations made up to `until`: no token is as old as they are. */
  dropVoided(until: number): void {
    for (const [user, at] of this.voided) {
      if (at > until) continue;
      this.#rows.run("DELETE FROM voided WHERE user = ?", user);
      this.voided.delete(user);
    }
  }

  /** Remembers a project; a second time changes nothing. */
  addProject({ id, name, createdAt }: ProjectRecord): void {
    this.#rows.make(
      "project",
      "CREATE TABLE project (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID",
    );
    this.#rows.run("INSERT OR IGNORE INTO project VALUES (?, ?, ?)", id, name, createdAt);
  }

  /** Newest first. */
  projects(): ProjectRecord[] {
    if (!this.#rows.has("project")) return [];
    return this.#rows
      .read<ProjectRecord>("SELECT id, name, created_at AS createdAt FROM project ORDER BY created_at DESC, id")
      .toArray();
  }

  #save(name: string, value: string): void {
    this.#rows.make("setting", "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
    this.#rows.run("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, value);
  }
}
