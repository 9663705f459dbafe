import { formatBytes } from '../base/bytes.ts';
import type { SnapshotsResult } from '../operations/snapshots.ts';
import type { StoredSnapshot } from '../repository/repository.ts';
import { localTime } from './local-time.ts';
import { showName, type Output } from './output.ts';
import { count } from './phrases.ts';
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
export function renderSnapshots(
  output: Output,
  { snapshots, totalCount, damaged }: SnapshotsResult,
): void {
  output.emit(snapshots.map(snapshotMessage));
  if (snapshots.length > 0) {
    for (const line of textTable(COLUMNS, snapshots.map(tableRow))) output.print(line);
  }
  output.say(closingLine(snapshots.length, totalCount));
  for (const { message, hint, details } of damaged) {
    const item = (details as { name: string }).name;
    output.emit({ message_type: 'error', error: { message }, during: 'snapshots', item });
    output.warn(`${output.style('red', 'error:')} ${message}`);
    output.warn(`  ${hint}`);
  }
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
