/** `verify --live`: captures the app as a backup does, keeps nothing of it, and judges it. */
import { isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { generatePolynomial } from '../format/polynomial.ts';
import type { ArchiveProblem, ArchiveResult } from '../snapshot/archive-options.ts';
import { archive } from '../snapshot/archive.ts';
import type { Manifest, ManifestDatabase } from '../snapshot/manifest.ts';
import type { BackupInput } from './backup-input.ts';
import { openBackupSource } from './backup-source.ts';
import { discardingStore } from './discarding-store.ts';
import { countRows } from './judge-database.ts';
import { withScratchFolder } from './scratch-folder.ts';
import type { Difference, Judgement, RestoredTotals, VerifyEvent } from './verify-input.ts';
import type { Workbench } from './workbench.ts';

export type LiveInput = Pick<
  BackupInput,
  'subject' | 'captureMethod' | 'lockLimitMs' | 'busyLimitMs' | 'signal'
>;

export interface LiveResult extends RestoredTotals {
  readonly app: string;
  readonly durationMs: number;
}

const READERS = 2;

/** Strictly read-only on the app. What is wrong with its data is told in judgements, not thrown. */
export async function* verifyLive(
  workbench: Workbench,
  input: LiveInput,
): AsyncGenerator<VerifyEvent, LiveResult> {
  const { clock } = workbench;
  const startedMs = clock.monotonicMs();
  const { manifest, problems, counts, warnings } = await capture(workbench, input);
  for (const { path, warning } of warnings) {
    yield { kind: 'warning', path, message: warning.message };
  }
  for (const problem of problems) {
    const { path, error } = problem;
    if (!isKeepsakeError(error)) continue;
    if (isBad(problem)) yield { kind: 'item-error', path, error };
    else yield { kind: 'warning', path, message: error.message };
  }
  const { totalFilesProcessed: fileCount, totalBytesProcessed: sizeBytes } = counts;
  const judgements = [
    judgeReading(problems, { fileCount, sizeBytes }),
    ...manifest.databases.flatMap(judgeDatabase),
    ...judgeReferences(manifest),
  ];
  for (const judgement of judgements) yield { kind: 'judgement', judgement };
  const { databases } = manifest;
  return {
    app: input.subject.app ?? '',
    judgements,
    success: judgements.every(({ differences }) => differences.length === 0),
    databaseCount: databases.length,
    tableCount: databases.reduce((sum, { tables }) => sum + tables.length, 0),
    rowCount: databases.reduce((sum, database) => sum + countRows(database), 0),
    fileCount,
    sizeBytes,
    durationMs: clock.monotonicMs() - startedMs,
  };
}

type Captured = Pick<ArchiveResult, 'problems' | 'counts' | 'warnings'> & {
  readonly manifest: Pick<Manifest, 'databases' | 'references' | 'orphans'>;
};

async function capture(workbench: Workbench, input: LiveInput): Promise<Captured> {
  const { clock, random, scratchFolder, keepsakeVersion, self } = workbench;
  const { subject, signal } = input;
  await using scratch = await withScratchFolder(workbench);
  const reading = { subject, excludeCaches: false, oneFileSystem: false };
  return await archive({
    store: discardingStore(random),
    source: openBackupSource(reading, {
      polynomial: generatePolynomial(random),
      own: [scratchFolder],
    }),
    clock,
    capture: {
      scratchFolder: scratch.path,
      method: input.captureMethod,
      lockLimitMs: input.lockLimitMs,
      busyLimitMs: input.busyLimitMs,
      check: 'always',
      fullIntegrity: true,
    },
    configuredDatabases: subject.databases,
    references: subject.references,
    paths: subject.paths,
    about: { keepsakeVersion, hostname: self.hostname },
    readers: READERS,
    signal,
  });
}

/** A file that only looks like a database is the app's own affair, one at work is no damage. */
function isBad({ kind, error }: ArchiveProblem): boolean {
  return kind !== 'plain' && !isKeepsakeError(error, 'SOURCE_CHANGING');
}

function judgeReading(
  problems: readonly ArchiveProblem[],
  counts: { fileCount: number; sizeBytes: number },
): Judgement {
  const differences = problems
    .filter(isBad)
    .map(({ path, error }): Difference => ({ what: path, actual: messageOf(error) }));
  return { check: 'read', item: '/', ...counts, differences };
}

function messageOf(error: unknown): string {
  return error instanceof KeepsakeError ? error.message : String(error);
}

function judgeDatabase(facts: ManifestDatabase): Judgement[] {
  const { path: item, integrity, tables, lastMigration } = facts;
  const { foreignKeyViolations: violationCount, unfinishedMigrations = 0 } = facts;
  const { uncheckedTables, problems, check } = integrity;
  const tableCount = tables.length;
  return [
    {
      check: 'integrity',
      item,
      uncheckedTables,
      differences: problems.map((actual) => ({ what: check, expected: 'ok', actual })),
    },
    {
      check: 'foreign-keys',
      item,
      violationCount,
      differences: expectNone('broken foreign keys', violationCount),
    },
    {
      check: 'schema',
      item,
      tableCount,
      ...(lastMigration !== undefined && { lastMigration }),
      differences: expectNone('unfinished migrations', unfinishedMigrations),
    },
    { check: 'rows', item, tableCount, rowCount: countRows(facts), differences: [] },
  ];
}

function judgeReferences({
  references,
  orphans,
}: Pick<Manifest, 'references' | 'orphans'>): Judgement[] {
  return [
    ...references.map(
      ({ table, column, folder, namedCount, missingCount, missing }): Judgement => ({
        check: 'references',
        item: `${table}.${column}`,
        folder,
        namedCount,
        missingCount,
        differences: [
          ...expectNone('missing files', missingCount),
          ...missing.map((name) => ({ what: name, actual: `is not in ${folder}` })),
        ],
      }),
    ),
    ...orphans.map(({ folder, orphanCount }): Judgement => ({
      check: 'orphans',
      item: folder,
      orphanCount,
      differences: [],
    })),
  ];
}

function expectNone(what: string, actual: number): Difference[] {
  return actual === 0 ? [] : [{ what, expected: 0, actual }];
}
