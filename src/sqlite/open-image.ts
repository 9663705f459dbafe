/** Runs in the gate process: opens an image that nothing else has open. */
import { DatabaseSync } from 'node:sqlite';
import { encodeRawName } from '../base/raw-name.ts';
import type { TableFacts } from './database-facts.ts';
import { sqliteUri } from './gate-protocol.ts';

/** `immutable` leaves no `-wal` and `-shm` behind; right only because the image is ours alone. */
export function openImage(image: string): DatabaseSync {
  const uri = sqliteUri(encodeRawName(image), 'mode=ro&immutable=1');
  return new DatabaseSync(uri, { readOnly: true });
}

export function listTables(database: DatabaseSync): Omit<TableFacts, 'rowCount'>[] {
  const rows = database.prepare('PRAGMA main.table_list').all();
  const tables: Omit<TableFacts, 'rowCount'>[] = [];
  for (const { name, type } of rows) {
    if (typeof name !== 'string' || name.startsWith('sqlite_')) continue;
    if (type === 'table' || type === 'virtual' || type === 'shadow') {
      tables.push({ name, kind: type });
    }
  }
  return tables.sort((a, b) => (a.name < b.name ? -1 : 1));
}
