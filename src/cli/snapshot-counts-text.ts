/** `snapshots --counts`: how many rows and files each has, and what came and went since. */
import type { CountedSnapshots, SnapshotCounts } from '../operations/snapshot-counts.ts';
import type { StoredSnapshot } from '../repository/repository.ts';
import type { CountChange, ManifestChanges } from '../snapshot/manifest-changes.ts';
import { databaseLabel } from './database-label.ts';
import { localTime } from '../base/local-time.ts';
import { showName } from './output.ts';
import { count, digits } from './phrases.ts';
import { textTable, type Column } from './text-table.ts';

/** More would hide the one that matters; the largest changes come first. */
const MOST_CHANGES = 4;

const COLUMNS: readonly Column[] = [
  { title: 'ID' },
  { title: 'Time' },
  { title: 'Host' },
  { title: 'Tags' },
  { title: 'Rows', align: 'right' },
  { title: 'Files', align: 'right' },
  { title: 'Since the one before' },
];

export function countsTable(
  snapshots: readonly StoredSnapshot[],
  { counts, damaged }: CountedSnapshots,
): Iterable<string> {
  const unread = new Set(damaged.map(({ id }) => id));
  const rows = snapshots.map(({ id, snapshot }) => {
    const counted = counts.get(id);
    const missing = unread.has(id) ? 'its manifest cannot be read' : 'it has no manifest';
    return [
      [id.slice(0, 8)],
      [localTime(snapshot.time)],
      [showName(snapshot.hostname ?? '')],
      (snapshot.tags ?? []).map(showName),
      [digits(counted?.rowCount)],
      [digits(counted?.fileCount)],
      counted === undefined ? [missing] : changeLines(counted),
    ];
  });
  return textTable(COLUMNS, rows);
}

interface ShownChange extends CountChange {
  readonly name: string;
}

function changeLines({ databases, changes }: SnapshotCounts): string[] {
  const label = databaseLabel(databases.map(({ path }) => path));
  const all: ShownChange[] = [
    ...changes.tables.map((change) => ({
      ...change,
      name: `${label(change.database)}${showName(change.table)}`,
    })),
    ...changes.folders.map((change) => ({ ...change, name: `files in ${showName(change.path)}` })),
  ];
  const sorted = all.toSorted(byWeight);
  const shown = sorted.slice(0, MOST_CHANGES).map(describeChange);
  const more = sorted.length - shown.length;
  return more === 0 ? shown : [...shown, `and ${count(more, 'more change')}`];
}

/** Losses above gains, large ones above small ones. */
function byWeight(a: CountChange, b: CountChange): number {
  return Number(isLoss(b)) - Number(isLoss(a)) || size(b) - size(a);
}

function isLoss({ before = 0, after = 0 }: CountChange): boolean {
  return after < before;
}

function size({ before = 0, after = 0 }: CountChange): number {
  return Math.abs(after - before);
}

function describeChange({ name, before, after }: ShownChange): string {
  if (before === undefined) return `${name}: ${after === undefined ? 'not counted' : 'new'}`;
  if (after === undefined) return `${name}: gone`;
  return `${name} ${after > before ? '+' : '-'}${digits(Math.abs(after - before))}`;
}

export function countsMessage(counts: SnapshotCounts | undefined): object | null {
  if (counts === undefined) return null;
  const { rowCount, fileCount, databases, folders, changes } = counts;
  return {
    rows: rowCount,
    files: fileCount,
    databases: databases.map(({ path, tables }) => ({
      path,
      tables: tables.map(({ name, rowCount: rows }) => ({ name, rows })),
    })),
    folders: folders.map(({ path, fileCount: files, sizeBytes: bytes }) => ({
      path,
      files,
      bytes,
    })),
    changes: changesMessage(changes),
  };
}

/** As `diff --json` has them, too. */
export function changesMessage({ tables, folders }: ManifestChanges): object {
  return {
    tables: tables.map(({ database, table, before, after }) => ({
      database,
      table,
      rows_before: before,
      rows_after: after,
    })),
    folders: folders.map(({ path, before, after, bytesBefore, bytesAfter }) => ({
      path,
      files_before: before,
      files_after: after,
      bytes_before: bytesBefore,
      bytes_after: bytesAfter,
    })),
  };
}
