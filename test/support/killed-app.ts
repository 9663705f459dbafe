import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Leaves the database as an app does that is killed after its commit: with all of it in the -wal. */
export function commitAndDie(database: string, sql: string): void {
  const db = new DatabaseSync(database);
  db.exec(sql);
  const kept = ['', '-wal'].map((end) => [database + end, readFileSync(database + end)] as const);
  db.close();
  for (const [path, bytes] of kept) writeFileSync(path, bytes);
}
