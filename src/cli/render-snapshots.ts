import { formatBytes } from '../base/bytes.ts';
import type { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { SnapshotsResult } from '../operations/snapshots.ts';
import type { StoredSnapshot } from '../repository/repository.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { count } from './phrases.ts';
import { countsMessage, countsTable } from './snapshot-counts-text.ts';
import { snapshotMessage } from './snapshot-json.ts';
import { textTable, type Column } from './text-table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'ID' },
  { title: 'Time' },
  { title: 'Host' },
  { title: 'Tags' },
  { title: 'Size', align: 'right' },
  { title: 'Paths' },
];

/** `--json` gives one line with restic's array; a line for each damaged file follows it. */
export function renderSnapshots(output: Output, result: SnapshotsResult): void {
  const { snapshots, totalCount, damaged, counted } = result;
  output.emit(
    snapshots.map((stored) => ({
      ...snapshotMessage(stored),
      ...(counted !== undefined && { counts: countsMessage(counted.counts.get(stored.id)) }),
    })),
  );
  if (snapshots.length > 0) {
    const table =
      counted === undefined
        ? textTable(COLUMNS, snapshots.map(tableRow))
        : countsTable(snapshots, counted);
    for (const line of table) output.print(line);
  }
  output.say(closingLine(snapshots.length, totalCount));
  for (const error of damaged) sayDamage(output, (error.details as { name: string }).name, error);
  for (const { id, error } of counted?.damaged ?? []) sayDamage(output, id, error);
}

function sayDamage(output: Output, item: string, { message, hint }: KeepsakeError): void {
  output.emit({ message_type: 'error', error: { message }, during: 'snapshots', item });
  output.warn(`${output.style('red', 'error:')} ${message}`);
  output.warn(`  ${hint}`);
}

function tableRow({ id, snapshot }: StoredSnapshot): string[][] {
  const { summary } = snapshot;
  return [
    [id.slice(0, 8)],
    [localTime(snapshot.time)],
    [showName(snapshot.hostname ?? '')],
    (snapshot.tags ?? []).map(showName),
    [summary === undefined ? '' : formatBytes(summary.totalBytesProcessed)],
    snapshot.paths.map(showName),
  ];
}

function closingLine(shown: number, total: number): string {
  if (total === 0) return 'there is no snapshot yet; to make one: keepsake backup';
  if (shown === 0)
    return `no snapshot matches; the repository holds ${total.toLocaleString('en-US')}`;
  return shown === total ? count(total, 'snapshot') : `${shown} of ${count(total, 'snapshot')}`;
}
