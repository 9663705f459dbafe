/** What `status` says: first what a person must do something about. */
import type { ChangeJournal, ChangeStep } from '../operations/in-place/change-journal.ts';
import type { KeptFiles, StatusReport, UnfinishedChange } from '../operations/status.ts';
import { localTime } from './local-time.ts';
import { showName, type Output } from './output.ts';
import { salvageLines } from './salvage-text.ts';

/** In what state the app is when it was cut off there. */
const STANDS: Record<ChangeStep, string> = {
  protect: 'nothing of the app was touched yet',
  prepare: 'nothing of the app was touched yet',
  stop: 'the service was being stopped; no file of the app was touched yet',
  apply: 'files were being replaced: old and new ones may be mixed. Do not start the app',
  start: 'the restored state is in place; the service was being started',
  probe: 'the restored state is in place and the service started; whether it is well was not told',
  settle: 'the restored state is in place and the app was well; only the end is missing',
};

export function renderStatus(output: Output, report: StatusReport): void {
  output.emit(statusMessage(report));
  for (const change of report.unfinished) {
    for (const line of unfinishedLines(change)) output.print(line);
  }
  for (const kept of report.kept) for (const line of keptLines(kept)) output.print(line);
  if (report.unfinished.length + report.kept.length === 0) {
    output.print('no change of an app is unfinished');
  }
}

function unfinishedLines({ journal, service }: UnfinishedChange): string[] {
  const { app, kind, startedAt, step, direction, failure } = journal;
  const way = direction === 'back' ? ', on the way back' : '';
  return [
    `UNFINISHED: the ${kind} of ${app.name}${sourceOf(journal)}, begun ${localTime(startedAt)}, was cut off${way}`,
    `  ${STANDS[step]}`,
    ...(failure === undefined ? [] : [`  why it went back: ${showName(failure)}`]),
    ...(service === undefined ? [] : [`  ${service.description} is ${service.state}`]),
    `  old and new files: ${journal.places.map(({ path }) => showName(path)).join(', ')}`,
    '  next: keepsake restore --undo     brings the old state back',
    '        keepsake restore --resume   finishes it',
  ];
}

function sourceOf({ source }: ChangeJournal): string {
  if (source.kind === 'aside') return '';
  return ` from snapshot ${source.id.slice(0, 8)} of ${localTime(source.time)}`;
}

function keptLines({ journal, removedByBackup, salvageable }: KeptFiles): string[] {
  const places = journal.places.map(({ path }) => showName(path));
  const what = `the ${journal.kind} of ${journal.app.name} at ${localTime(journal.startedAt)}`;
  const until = removedByBackup
    ? '  all of it is in the repository: the next full backup removes it'
    : `  not all of it is in the repository; if you do not need it: rm -r ${places.join(' ')}`;
  return [`kept from ${what}: ${places.join(', ')}`, until, ...salvageLines(salvageable)];
}

function statusMessage({ unfinished, kept, lastChange }: StatusReport): object {
  return {
    message_type: 'status_report',
    unfinished: unfinished.map(({ journal, service }) => ({
      ...describe(journal),
      step: journal.step,
      direction: journal.direction,
      ...(journal.failure !== undefined && { failure: journal.failure }),
      ...(service !== undefined && { service }),
      next: ['keepsake restore --undo', 'keepsake restore --resume'],
    })),
    kept: kept.map(({ journal, removedByBackup, salvageable }) => ({
      ...describe(journal),
      removed_by_backup: removedByBackup,
      ...(salvageable.length > 0 && { salvageable }),
    })),
    ...(lastChange !== undefined && {
      last_change: {
        id: lastChange.id,
        kind: lastChange.kind,
        app: lastChange.app,
        outcome: lastChange.as,
        ended: lastChange.endedAt,
      },
    }),
  };
}

function describe({ id, kind, app, part, startedAt, places }: ChangeJournal): object {
  const paths = places.map(({ path }) => path);
  return { id, kind, app: app.name, part, started: startedAt, places: paths };
}
