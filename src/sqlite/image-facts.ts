/** Runs in the gate process: looks at an image that nothing else has open. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { fsPath } from '../base/raw-name.ts';
import type { DatabaseContents, SchemaFacts, TableFacts } from './database-facts.ts';
import {
  DATABASE_HEADER_BYTES,
  decodeDatabaseHeader,
  type DatabaseHeader,
} from './database-file.ts';
import { factsOfHeader } from './header-facts.ts';
import { isDamage } from './image-checks.ts';
import { listTables, openImage } from './open-image.ts';
import { quoteIdentifier } from './quote-identifier.ts';

type Table = Omit<TableFacts, 'rowCount'>;

export function readContents(image: string): DatabaseContents {
  const { header, sizeBytes } = readHeader(image);
  const database = openImage(image);
  try {
    return {
      ...factsOfHeader(header),
      pageCount: readNumber(database, 'PRAGMA page_count'),
      sizeBytes,
      ...readSchema(database),
    };
  } finally {
    database.close();
  }
}

export function readSchema(database: DatabaseSync): SchemaFacts {
  const tables = listTables(database);
  return {
    schemaHash: hashSchema(database),
    tables: tables.map((table) => ({ ...table, rowCount: countRows(database, table) })),
    ...readMigrations(database, tables),
  };
}

function readHeader(image: string): { header: DatabaseHeader; sizeBytes: number } {
  const bytes = new Uint8Array(DATABASE_HEADER_BYTES);
  // Closed before SQLite opens the file: a close drops the locks of the whole process.
  const file = openSync(fsPath(image), 'r');
  try {
    readSync(file, bytes);
    const header = decodeDatabaseHeader(bytes);
    if (header === undefined) throw new Error('file is not a database');
    return { header, sizeBytes: fstatSync(file).size };
  } finally {
    closeSync(file);
  }
}

function countRows(database: DatabaseSync, { name, kind }: Table): number | null {
  if (kind === 'virtual') return null;
  try {
    return readNumber(database, `SELECT count(*) FROM ${quoteIdentifier(name)}`);
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
}

/** Statistics tables come and go with ANALYZE, so SQLite's own tables do not count. */
function hashSchema(database: DatabaseSync): string {
  const rows = database
    .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*'")
    .all();
  const lines = rows.map(({ type, name, tbl_name: table, sql }) =>
    JSON.stringify([type, name, table, sql]),
  );
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}

/** Prisma's own table: https://www.prisma.io/docs/orm/prisma-migrate/understanding-prisma-migrate. */
function readMigrations(database: DatabaseSync, tables: readonly Table[]) {
  if (!tables.some(({ name }) => name === '_prisma_migrations')) return {};
  try {
    const last = database
      .prepare(
        `SELECT migration_name AS name FROM _prisma_migrations
         WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL
         ORDER BY finished_at DESC, migration_name DESC LIMIT 1`,
      )
      .get();
    const unfinished = `SELECT count(*) FROM _prisma_migrations
      WHERE finished_at IS NULL AND rolled_back_at IS NULL`;
    return {
      ...(typeof last?.['name'] === 'string' && { lastMigration: last['name'] }),
      unfinishedMigrations: readNumber(database, unfinished),
    };
  } catch {
    return {}; // damaged, or another program's table of that name: the integrity check tells
  }
}

function readNumber(database: DatabaseSync, sql: string): number {
  const row = database.prepare(sql).get() ?? {};
  return Number(Object.values(row)[0]);
}
