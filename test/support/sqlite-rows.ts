/** Reads an image that nothing else has open, and leaves nothing beside it. */
import { DatabaseSync } from 'node:sqlite';

export function readRows(image: string, sql: string): object[] {
  const database = new DatabaseSync(`file:${image}?immutable=1`, { readOnly: true });
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}
