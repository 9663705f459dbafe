/** What `status` says: first what a person must do something about. */
import {
  isResumable,
  type ChangeJournal,
  type ChangeStep,
} from '../operations/in-place/change-journal.ts';
import type { KeptFiles, StatusReport, UnfinishedChange } from '../operations/status.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { salvageLines } from './salvage-text.ts';

/** In what state the app is when a restore or rollback was cut off there. */
const STANDS: Record<ChangeStep, string> = {
  protect: 'nothing of the app was touched yet',
  prepare: 'nothing of the app was touched yet',
  stop: 'the service was being stopped; no file of the app was touched yet',
  apply: 'files were being replaced: old and new ones may be mixed. Do not start the app',
  start: 'the restored state is in place; the service was being started',
  probe: 'the restored state is in place and the service started; whether it is well was not told',
  settle: 'the restored state is in place and the app was well; only the end is missing',
};

/** When a guard or an update was. */
const GUARD_STANDS: Record<ChangeStep, string> = {
  ...STANDS,
  apply: 'the service was stopped; no command was run yet, no file of the app was touched',
  start: 'all commands ended well; the service was being started',
  probe:
    'all commands ended well and the service was started; whether the app is well was not told',
  settle: 'all commands ended well and so was the app; only the end is missing',
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
  const { app, kind, startedAt, direction, failure } = journal;
  const way = direction === 'back' ? ', on the way back' : '';
  return [
    `UNFINISHED: the ${kind} of ${app.name}${sourceOf(journal)}, begun ${localTime(startedAt)}, was cut off${way}`,
    `  ${standsOf(journal)}`,
    ...(failure === undefined ? [] : [`  why it went back: ${showName(failure)}`]),
    ...(service === undefined ? [] : [`  ${service.description} is ${service.state}`]),
    `  old and new files: ${journal.places.map(({ path }) => showName(path)).join(', ')}`,
    '  next: keepsake restore --undo     brings the old state back',
    ...(isResumable(journal) ? ['        keepsake restore --resume   finishes it'] : []),
  ];
}

function standsOf({ source, step, began, finished, reverted }: ChangeJournal): string {
  if (source.kind !== 'commands') return STANDS[step];
  if (step !== 'apply' || began !== true) return GUARD_STANDS[step];
  if (reverted === true) return 'the state before is in place again; the service is stopped';
  if (finished === true) return 'all commands ended well; the databases were being checked';
  return 'commands were running: code and data may be half changed. Do not start the app';
}

function sourceOf({ source }: ChangeJournal): string {
  if (source.kind === 'aside') return '';
  if (source.kind === 'commands') return ` (${showName(source.what)})`;
  return ` from snapshot ${source.id.slice(0, 8)} of ${localTime(source.time)}`;
}

function keptLines({ journal, removedByBackup, keptUntil, salvageable }: KeptFiles): string[] {
  const places = journal.places.map(({ path }) => showName(path));
  const what = `the ${journal.kind} of ${journal.app.name} at ${localTime(journal.startedAt)}`;
  const until = removedByBackup
    ? '  all of it is in the repository: the next full backup removes it'
    : keptUntil === undefined
      ? `  not all of it is in the repository; if you do not need it: rm -r ${places.join(' ')}`
      : `  with the app's code, which is in no repository: kept for \`keepsake rollback\` until ${localTime(keptUntil)}, then the next full backup removes it`;
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
      next: [
        'keepsake restore --undo',
        ...(isResumable(journal) ? ['keepsake restore --resume'] : []),
      ],
    })),
    kept: kept.map(({ journal, removedByBackup, keptUntil, salvageable }) => ({
      ...describe(journal),
      removed_by_backup: removedByBackup,
      ...(keptUntil !== undefined && { kept_until: keptUntil }),
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
