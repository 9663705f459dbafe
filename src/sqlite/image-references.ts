/** Runs in the gate process: streams the text values of columns that name files. */
import type { DatabaseSync } from 'node:sqlite';
import type { ColumnReference } from './gate-protocol.ts';
import { openImage } from './open-image.ts';
import { quoteIdentifier } from './quote-identifier.ts';

export class ColumnMissingError extends Error {
  readonly reference: ColumnReference;

  constructor(reference: ColumnReference) {
    super(`no column ${reference.column} in a table ${reference.table}`);
    this.reference = reference;
  }
}

/** Throws `ColumnMissingError` before the first value if any of the columns does not exist. */
export function* readColumnTexts(
  image: string,
  references: readonly ColumnReference[],
): Generator<string> {
  const database = openImage(image);
  try {
    yield* columnTexts(database, references);
  } finally {
    database.close();
  }
}

export function* columnTexts(
  database: DatabaseSync,
  references: readonly ColumnReference[],
): Generator<string> {
  for (const reference of references) assertColumn(database, reference);
  for (const { table, column } of references) {
    const name = quoteIdentifier(column);
    const sql = `SELECT ${name} AS value FROM ${quoteIdentifier(table)} WHERE typeof(${name}) = 'text'`;
    for (const { value } of database.prepare(sql).iterate()) yield String(value);
  }
}

function assertColumn(database: DatabaseSync, reference: ColumnReference): void {
  const found = database
    .prepare('SELECT 1 FROM pragma_table_xinfo(?) WHERE name = ? COLLATE NOCASE')
    .get(reference.table, reference.column);
  if (found === undefined) throw new ColumnMissingError(reference);
}
