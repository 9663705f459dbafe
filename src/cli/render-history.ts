import type { RunOutcome, RunRecord } from '../monitor/run-record.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { seconds } from './phrases.ts';
import { snakeCase } from './snake-case.ts';
import { textTable, type Column } from './text-table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'Began' },
  { title: 'Run' },
  { title: 'App' },
  { title: 'Outcome' },
  { title: 'Took', align: 'right' },
  { title: 'Snapshot' },
  { title: 'Why' },
];
const LONGEST_REASON = 100;

export function renderHistory(output: Output, runs: readonly RunRecord[]): void {
  for (const { startedAt, ...run } of runs) {
    const message = snakeCase({ messageType: 'run', startedAt: startedAt.toISOString(), ...run });
    output.emit(message);
  }
  if (runs.length === 0) output.print('no run is known on this machine');
  else for (const line of textTable(COLUMNS, runs.map(tableRow))) output.print(line);
}

const SHOWN: Record<RunOutcome, string> = {
  ok: 'ok',
  warning: 'warning',
  partial: 'PARTIAL',
  failed: 'FAILED',
  skipped: 'skipped',
};

function tableRow({ startedAt, verb, app, outcome, durationMs, snapshotId, reason }: RunRecord) {
  return [
    [localTime(startedAt.toISOString())],
    [verb],
    [app ?? ''],
    [SHOWN[outcome]],
    [seconds(durationMs)],
    [snapshotId?.slice(0, 8) ?? ''],
    [showName(reason ?? '').slice(0, LONGEST_REASON)],
  ];
}
