/** What `verify` says of one restored database: SQLite's own checks, then the manifest. */
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { DatabaseFacts, TableFacts } from '../sqlite/database-facts.ts';
import { wasChecked } from '../snapshot/check-policy.ts';
import type { ManifestDatabase } from '../snapshot/manifest.ts';
import { inspectImage, recoverImage } from '../sqlite/inspect.ts';
import type { Gate } from '../sqlite/gate.ts';
import { findSidecar } from './restored-databases.ts';
import type { Difference, Judgement } from './verify-input.ts';

export interface JudgedDatabase {
  /** In the snapshot. */
  readonly path: string;
  /** Where it was restored to. */
  readonly at: string;
  /** Absent for a database that was found by its first bytes. */
  readonly expected: ManifestDatabase | undefined;
}

/** Never throws for a damaged database: that is a judgement. */
export async function judgeDatabase(
  database: JudgedDatabase,
  { gate, signal }: { gate: Gate; signal: AbortSignal | undefined },
): Promise<{ judgements: Judgement[]; facts: DatabaseFacts | undefined }> {
  const { path, at, expected } = database;
  try {
    // Another tool copied the files as they were: together they are the database.
    if ((await findSidecar(at)) !== undefined) await recoverImage(at, { gate, signal });
    const facts = await inspectImage(at, { fullIntegrity: true, gate, signal });
    const judgements = [judgeIntegrity(path, facts), judgeForeignKeys(path, facts, expected)];
    if (expected !== undefined) judgements.push(...compareFacts(path, expected, facts));
    return { judgements, facts };
  } catch (error) {
    if (!isKeepsakeError(error, 'DATABASE_DAMAGED', 'DATABASE_UNREADABLE')) throw error;
    const differences = [{ what: 'the database', actual: error.message }];
    const judgement = { check: 'integrity', item: path, uncheckedTables: [], differences } as const;
    return { judgements: [judgement], facts: undefined };
  }
}

function judgeIntegrity(item: string, { integrity }: DatabaseFacts): Judgement {
  const { uncheckedTables, problems, check } = integrity;
  const differences = problems.map((actual) => ({ what: check, expected: 'ok', actual }));
  return { check: 'integrity', item, uncheckedTables, differences };
}

/**
 * Rows that point nowhere are the app's own affair, as long as there are no more than at capture.
 * Where only an earlier capture was counted, the app may have made more of them since.
 */
function judgeForeignKeys(
  item: string,
  { foreignKeyViolations: violationCount }: DatabaseFacts,
  expected: ManifestDatabase | undefined,
): Judgement {
  const isCounted = expected !== undefined && wasChecked(expected);
  const allowed = isCounted ? expected.foreignKeyViolations : violationCount;
  const differences =
    violationCount > allowed
      ? [{ what: 'broken foreign keys', expected: allowed, actual: violationCount }]
      : [];
  return { check: 'foreign-keys', item, violationCount, differences };
}

function compareFacts(item: string, expected: ManifestDatabase, facts: DatabaseFacts): Judgement[] {
  const { pageCount, pageSize, tables, lastMigration } = facts;
  const tableCount = tables.length;
  return [
    {
      check: 'pages',
      item,
      pageCount,
      pageSize,
      differences: differing([
        { what: 'pages', expected: expected.pageCount, actual: pageCount },
        { what: 'page size', expected: expected.pageSize, actual: pageSize },
        { what: 'bytes', expected: expected.sizeBytes, actual: facts.sizeBytes },
      ]),
    },
    {
      check: 'schema',
      item,
      tableCount,
      ...(lastMigration !== undefined && { lastMigration }),
      differences: differing([
        { what: 'hash of the schema', expected: expected.schemaHash, actual: facts.schemaHash },
        {
          what: 'last migration',
          expected: expected.lastMigration ?? 'none',
          actual: lastMigration ?? 'none',
        },
        {
          what: 'unfinished migrations',
          expected: expected.unfinishedMigrations ?? 0,
          actual: facts.unfinishedMigrations ?? 0,
        },
      ]),
    },
    {
      check: 'rows',
      item,
      tableCount,
      rowCount: countRows(facts),
      differences: compareTables(expected.tables, tables),
    },
  ];
}

/** Rows of all tables whose rows can be counted. */
export function countRows({ tables }: Pick<DatabaseFacts, 'tables'>): number {
  return tables.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
}

function compareTables(
  expected: readonly TableFacts[],
  actual: readonly TableFacts[],
): Difference[] {
  const before = new Map(expected.map((table) => [table.name, rowsText(table)]));
  const now = new Map(actual.map((table) => [table.name, rowsText(table)]));
  const names = [...new Set([...before.keys(), ...now.keys()])].sort();
  return differing(
    names.map((name) => ({
      what: `rows of ${name}`,
      expected: before.get(name) ?? 'no such table',
      actual: now.get(name) ?? 'no such table',
    })),
  );
}

function rowsText({ rowCount }: TableFacts): number | string {
  return rowCount ?? 'not counted';
}

function differing(pairs: readonly Difference[]): Difference[] {
  return pairs.filter(({ expected, actual }) => expected !== actual);
}
