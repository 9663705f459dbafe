/** The plan of a restore in place: all a person needs to say yes or no. */
import { formatBytes } from '../base/bytes.ts';
import type {
  InPlacePlan,
  PlannedPath,
  PlannedTable,
} from '../operations/in-place/in-place-input.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { age, count, seconds } from './phrases.ts';
import { placeMessage, printNotes, spaceLine } from './plan-parts.ts';

const MOST_TABLES = 12;

export function printPlan(output: Output, plan: InPlacePlan): void {
  output.emit(planMessage(plan));
  for (const line of planLines(plan)) output.print(line);
  printNotes(output, plan.notes);
}

function planLines(plan: InPlacePlan): string[] {
  const { stored, app, service } = plan;
  const { id, snapshot } = stored;
  return [
    `restore of ${app.name} from snapshot ${id.slice(0, 8)} of ${localTime(snapshot.time)} (${age(plan.ageMs)} old)`,
    proofLine(plan),
    ...plan.paths.map(pathLine),
    ...fileLines(plan),
    ...tableLines(plan.tables),
    ...migrationLines(plan),
    ...plan.places.map((place) => spaceLine(place, `for ${showName(place.path)}`)),
    ...(plan.live ? ['service   goes on; SQLite writes the database while it is in use'] : []),
    ...(service === undefined || plan.live
      ? []
      : [`service   ${service.description}, ${service.state}: ${serviceWords(service.state)}`]),
    ...(plan.healthUrl === undefined ? [] : [`health    ${plan.healthUrl}; else all goes back`]),
    plan.expectedMs === undefined
      ? 'time      not known yet: this is the first one here'
      : `time      about ${seconds(plan.expectedMs)}`,
  ];
}

function serviceWords(state: string): string {
  if (state === 'running') return 'stopped, and started again in the end';
  return state === 'failed' ? 'started in the end' : 'stays as it is';
}

function proofLine({ proof }: InPlacePlan): string {
  if (proof === undefined) return 'proof     none: no drill was made of this snapshot';
  const { outcome, endedAt } = proof;
  return `proof     drill of ${localTime(endedAt)}: ${outcome}`;
}

function pathLine({ at, comes, goes }: PlannedPath): string {
  const now = goes === undefined ? 'nothing there' : totals(goes);
  const then = comes === undefined ? 'nothing (kept aside)' : totals(comes);
  return `replace   ${showName(at)}: ${now} -> ${then}`;
}

function totals({ fileCount, sizeBytes }: { fileCount: number; sizeBytes: number }): string {
  return `${count(fileCount, 'file')}, ${formatBytes(sizeBytes)}`;
}

function fileLines({ files, part }: InPlacePlan): string[] {
  if (part === 'database') {
    return ['files     missing ones that its rows name come back, none goes'];
  }
  const { come, go, change } = files;
  if (come + go + change === 0) return ['files     the same as now'];
  return [`files     ${come} come back, ${go} go, ${change} change`];
}

function tableLines(tables: readonly PlannedTable[] | undefined): string[] {
  if (tables === undefined) return ['rows      cannot be compared'];
  if (tables.length === 0) return ['rows      as many in each table as now'];
  const shown = tables.slice(0, MOST_TABLES).map(tableLine);
  const more = tables.length - shown.length;
  return more === 0 ? shown : [...shown, `rows      and ${count(more, 'more table')}`];
}

function tableLine({ table, rowsNow, rowsThen }: PlannedTable): string {
  return `rows      ${showName(table)}: ${rowsNow ?? 'none'} -> ${rowsThen ?? 'no such table'}`;
}

function migrationLines({ migrations }: InPlacePlan): string[] {
  const { snapshot, now } = migrations;
  if (snapshot === undefined && now === undefined) return [];
  if (snapshot === now) return [`schema    as now (${showName(snapshot ?? '')})`];
  return [`schema    ${showName(now ?? 'unknown')} -> ${showName(snapshot ?? 'unknown')}`];
}

function planMessage(plan: InPlacePlan): object {
  const { stored, app, part, files, migrations, service, places } = plan;
  return {
    message_type: 'plan',
    app: app.name,
    part,
    live: plan.live,
    snapshot_id: stored.id,
    snapshot_time: stored.snapshot.time,
    age: Math.round(plan.ageMs / 1000),
    ...(plan.proof !== undefined && {
      proof: { outcome: plan.proof.outcome, ended: plan.proof.endedAt },
    }),
    paths: plan.paths.map(({ path, at, comes, goes }) => ({ path, at, comes, goes })),
    files_come: files.come,
    files_go: files.go,
    files_change: files.change,
    tables: plan.tables?.map(({ database, table, rowsNow, rowsThen }) => ({
      database,
      table,
      rows_now: rowsNow,
      rows_then: rowsThen,
    })),
    migrations,
    places: places.map(placeMessage),
    ...(service !== undefined && { service }),
    ...(plan.expectedMs !== undefined && { expected_seconds: plan.expectedMs / 1000 }),
    notes: plan.notes,
  };
}
