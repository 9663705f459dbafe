/**
 * The history: a small SQLite database in the state folder, a row for each run. Disposable: nothing
 * that a restore needs lives there, and nothing fails because of it. One that is damaged is put aside
 * and begun anew.
 *
 *   run: id, verb, app, repository, started_at (ISO 8601), duration_ms, outcome, reason, snapshot,
 *        file_count, size_bytes, added_bytes, steps (JSON)
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { describeCause } from '../base/errors/keepsake-error.ts';
import type { RunOutcome, RunRecord, RunStep } from './run-record.ts';

const HISTORY_NAME = 'history.sqlite';
const VERSION = 1;
/** An hourly backup and what goes with it, for more than three months. */
const MOST_RUNS = 5000;
const BUSY_MS = 2000;
// <sqlite3.h>
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS run (
    id INTEGER PRIMARY KEY, verb TEXT NOT NULL, app TEXT, repository TEXT,
    started_at TEXT NOT NULL, duration_ms INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT,
    snapshot TEXT, file_count INTEGER, size_bytes INTEGER, added_bytes INTEGER, steps TEXT
  );
  PRAGMA user_version = ${VERSION};
`;

export interface RecordOptions {
  /** Told once when the run could not be recorded, or the history had to be begun anew. */
  readonly warn: (message: string) => void;
}

/** Never throws. */
export function recordRun(stateFolder: string, run: RunRecord, { warn }: RecordOptions): void {
  try {
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    writeRun(stateFolder, run, warn);
  } catch (error) {
    warn(`this run is not in the history: ${describeCause(error)}`);
  }
}

function writeRun(stateFolder: string, run: RunRecord, warn: (message: string) => void): void {
  try {
    insertRun(stateFolder, run);
  } catch (error) {
    if (!isDamage(error)) throw error;
    warn(`the history was damaged and begins anew; the old one is ${putAside(stateFolder)}`);
    insertRun(stateFolder, run);
  }
}

function insertRun(stateFolder: string, run: RunRecord): void {
  using db = openHistory(stateFolder);
  // A run that a power cut takes from the history is no loss; waiting for the disk at each one is.
  db.exec('PRAGMA synchronous = OFF');
  const { user_version: version } = db.prepare('PRAGMA user_version').get() ?? {};
  if (Number(version) > VERSION) throw new Error('a newer Keepsake has written it');
  db.exec('BEGIN IMMEDIATE');
  if (version !== VERSION) db.exec(SCHEMA);
  const row = rowOf(run);
  const names = Object.keys(row);
  const insert = `INSERT INTO run (${names.join()}) VALUES (${names.map((name) => `:${name}`).join()})`;
  const { lastInsertRowid } = db.prepare(insert).run(row);
  db.prepare('DELETE FROM run WHERE id <= ?').run(Number(lastInsertRowid) - MOST_RUNS);
  db.exec('COMMIT');
}

function openHistory(stateFolder: string, { readOnly = false } = {}): DatabaseSync {
  return new DatabaseSync(join(stateFolder, HISTORY_NAME), { readOnly, timeout: BUSY_MS });
}

function isDamage(error: unknown): boolean {
  const code = Number((error as { errcode?: number }).errcode) & 0xff;
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

function putAside(stateFolder: string): string {
  const path = join(stateFolder, HISTORY_NAME);
  renameSync(path, `${path}.damaged`);
  rmSync(`${path}-journal`, { force: true });
  return `${path}.damaged`;
}

function rowOf(run: RunRecord): Record<string, string | number | null> {
  return {
    verb: run.verb,
    app: run.app ?? null,
    repository: run.repository?.replace(/:\/\/[^/@]*@/, '://') ?? null,
    started_at: run.startedAt.toISOString(),
    duration_ms: Math.round(run.durationMs),
    outcome: run.outcome,
    reason: run.reason ?? null,
    snapshot: run.snapshotId ?? null,
    file_count: run.fileCount ?? null,
    size_bytes: run.sizeBytes ?? null,
    added_bytes: run.addedBytes ?? null,
    steps: run.steps === undefined ? null : JSON.stringify(run.steps),
  };
}

export interface HistoryQuery {
  readonly limit: number;
  readonly app?: string | undefined;
}

/** Newest first; none where there is no history, or one just begun. Throws what SQLite throws where it is damaged. */
export function readRuns(stateFolder: string, { limit, app }: HistoryQuery): RunRecord[] {
  if (!existsSync(join(stateFolder, HISTORY_NAME))) return [];
  using db = openHistory(stateFolder, { readOnly: true });
  // Whoever began it was cut off before its first run.
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'run'").get() === undefined) return [];
  const query = 'SELECT * FROM run WHERE :app IS NULL OR app = :app ORDER BY id DESC LIMIT :limit';
  return db
    .prepare(query)
    .all({ app: app ?? null, limit })
    .map(runOf);
}

type Row = Record<string, SQLOutputValue>;

function runOf(row: Row): RunRecord {
  const text = (name: string) => (typeof row[name] === 'string' ? row[name] : undefined);
  const number = (name: string) => (typeof row[name] === 'number' ? row[name] : undefined);
  const steps = text('steps');
  return {
    verb: text('verb') ?? '',
    app: text('app'),
    repository: text('repository'),
    startedAt: new Date(text('started_at') ?? ''),
    durationMs: number('duration_ms') ?? 0,
    outcome: (text('outcome') ?? 'failed') as RunOutcome,
    reason: text('reason'),
    snapshotId: text('snapshot'),
    fileCount: number('file_count'),
    sizeBytes: number('size_bytes'),
    addedBytes: number('added_bytes'),
    steps: steps === undefined ? undefined : (JSON.parse(steps) as RunStep[]),
  };
}
