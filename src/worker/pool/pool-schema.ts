/**
 * The pool's tables, and the way to them from those of a former version. Each index of a table makes each of its rows
 * cost one more to write: the line is kept in memory and found by place, the few leases by job.
 */

/**
 * Makes what is missing. Older and newer code may take turns on one storage while a deploy is under way: a row of code
 * that knows no groups has a null `owner_group`, which is read as the part of its owner before the first "/".
 */
export function prepareTables(storage: DurableObjectStorage): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    sql.exec(
      `CREATE TABLE IF NOT EXISTS lease (job TEXT PRIMARY KEY, id TEXT NOT NULL, backend TEXT NOT NULL, shape TEXT NOT NULL,
        expires_at INTEGER NOT NULL, told INTEGER NOT NULL, owner TEXT NOT NULL DEFAULT '', granted_at INTEGER NOT NULL DEFAULT 0,
        owner_group TEXT) WITHOUT ROWID`,
    );
    addColumn(sql, "lease", "owner", "TEXT NOT NULL DEFAULT ''");
    addColumn(sql, "lease", "granted_at", "INTEGER NOT NULL DEFAULT 0");
    addColumn(sql, "lease", "owner_group", "TEXT");
    sql.exec(
      `CREATE TABLE IF NOT EXISTS line (place INTEGER PRIMARY KEY, job TEXT NOT NULL, shape TEXT NOT NULL,
        owner TEXT NOT NULL, priority TEXT NOT NULL, max_running INTEGER, turn INTEGER NOT NULL,
        owner_group TEXT, group_max INTEGER)`,
    );
    addColumn(sql, "line", "owner_group", "TEXT");
    addColumn(sql, "line", "group_max", "INTEGER");
    adoptFormerLine(sql);
    sql.exec("CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID");
    sql.exec("CREATE TABLE IF NOT EXISTS health (backend TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID");
    sql.exec(
      "CREATE TABLE IF NOT EXISTS learned (backend TEXT NOT NULL, shape TEXT NOT NULL, times TEXT NOT NULL, PRIMARY KEY (backend, shape)) WITHOUT ROWID",
    );
  });
}

function addColumn(sql: SqlStorage, table: "lease" | "line", column: string, type: string): void {
  const columns = sql.exec<{ name: string }>(`PRAGMA table_info(${table})`).toArray();
  if (!columns.some(({ name }) => name === column)) sql.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
}

/**
 * Takes over the line of the version that knew no owners: its jobs keep their order as those of one nameless owner,
 * until each asks again in its owner's name.
 */
function adoptFormerLine(sql: SqlStorage): void {
  if (sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'waiting'").toArray().length === 0) return;
  sql.exec(
    `INSERT INTO line (place, job, shape, owner, priority, max_running, turn)
      SELECT place + (SELECT coalesce(max(place), 0) FROM line), job, shape, '', 'normal', NULL,
        (SELECT min(place) FROM waiting) + (SELECT coalesce(max(place), 0) FROM line)
      FROM waiting WHERE job NOT IN (SELECT job FROM line) ORDER BY place`,
  );
  sql.exec("DROP TABLE waiting");
}
