/** Runs in the gate process: what SQLite's own checks say about an image. */
import type { DatabaseSync } from 'node:sqlite';
import type { DatabaseChecks, IntegrityFacts, TableFacts } from './database-facts.ts';
import { primaryCode, SqliteCode } from './gate-protocol.ts';
import { listTables, openImage } from './open-image.ts';
import { quoteIdentifier } from './quote-identifier.ts';

type Table = Omit<TableFacts, 'rowCount'>;
type Check = Exclude<IntegrityFacts['check'], 'changed_pages'>;

const MOST_PROBLEMS = 10;

/** SQLite's extended result code of a thrown error, if it is one of SQLite's. */
export function sqliteCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

export function isDamage(error: unknown): boolean {
  const code = primaryCode(sqliteCodeOf(error) ?? 0);
  return code === SqliteCode.corrupt || code === SqliteCode.notADatabase;
}

export function checkImage(image: string, fullIntegrity: boolean): DatabaseChecks {
  const database = openImage(image);
  try {
    const tables = listTables(database);
    return {
      integrity: checkIntegrity(database, tables, fullIntegrity),
      ...checkForeignKeys(database, tables),
    };
  } finally {
    database.close();
  }
}

function checkIntegrity(
  database: DatabaseSync,
  tables: readonly Table[],
  full: boolean,
): IntegrityFacts {
  const check: Check = full ? 'integrity_check' : 'quick_check';
  const whole = runCheck(database, `PRAGMA ${check}(${MOST_PROBLEMS})`);
  if (whole !== undefined) return { ...verdict(whole), check, uncheckedTables: [] };
  return checkEachTable(database, tables, check);
}

/** One table with a collation of the app's own makes the check of the whole database impossible. */
function checkEachTable(
  database: DatabaseSync,
  tables: readonly Table[],
  check: Check,
): IntegrityFacts {
  const problems: string[] = [];
  const uncheckedTables: string[] = [];
  for (const { name } of tables) {
    const found = runCheck(database, `PRAGMA ${check}(${quoteIdentifier(name)})`);
    if (found === undefined) uncheckedTables.push(name);
    else problems.push(...found);
  }
  return { ...verdict(problems), check, uncheckedTables };
}

/** The problems found, or `undefined` when the check could not run. */
function runCheck(database: DatabaseSync, sql: string): string[] | undefined {
  try {
    const rows = database.prepare(sql).all();
    const lines = rows.map((row) => String(Object.values(row)[0]));
    return lines.filter((line) => line !== 'ok');
  } catch (error) {
    if (isDamage(error)) return [(error as Error).message];
    if (sqliteCodeOf(error) === undefined) throw error;
    return undefined;
  }
}

function verdict(problems: readonly string[]): Pick<IntegrityFacts, 'result' | 'problems'> {
  return {
    result: problems.length === 0 ? 'ok' : 'damaged',
    problems: problems.slice(0, MOST_PROBLEMS),
  };
}

/** Table by table, because one foreign key that names no proper key fails the check of them all. */
function checkForeignKeys(database: DatabaseSync, tables: readonly Table[]) {
  let foreignKeyViolations = 0;
  const foreignKeysUnchecked: string[] = [];
  for (const { name, kind } of tables) {
    if (kind !== 'table') continue;
    try {
      const sql = `PRAGMA foreign_key_check(${quoteIdentifier(name)})`;
      for (const _ of database.prepare(sql).iterate()) foreignKeyViolations += 1;
    } catch (error) {
      if (sqliteCodeOf(error) === undefined) throw error;
      foreignKeysUnchecked.push(name);
    }
  }
  return { foreignKeyViolations, foreignKeysUnchecked };
}
