/** What `backup` says: progress, then what a person wants to know of the result. */
import { formatBytes } from '../base/bytes.ts';
import { describeCause, isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type { BackupEvent, BackupResult } from '../operations/backup-input.ts';
import type { ArchiveProblem } from '../snapshot/archive-options.ts';
import type { ManifestDatabase } from '../snapshot/manifest.ts';
import { BackupProgress } from './backup-progress.ts';
import { count, seconds } from './phrases.ts';
import { snakeCase } from './snake-case.ts';
import { type Output, showName } from './output.ts';

/** restic's words. */
const ITEM_ACTIONS = { new: 'new', changed: 'modified', unmodified: 'unchanged' } as const;

export class BackupRenderer {
  readonly #output: Output;
  readonly #progress = new BackupProgress();
  readonly #hinted = new Set<string>();

  constructor(output: Output) {
    this.#output = output;
  }

  take(event: BackupEvent): void {
    const output = this.#output;
    switch (event.type) {
      case 'lock-wait':
        output.warn(`${event.error.message}. Waiting …`);
        break;
      case 'parent':
        this.#progress.expect(event.manifest);
        if (output.verbosity > 0 && event.id !== undefined) {
          output.print(`comparing with snapshot ${event.id.slice(0, 8)}`);
        }
        break;
      case 'progress':
        output.status(() => this.#progress.line(event));
        output.emitStatus(() => this.#progress.message(event));
        break;
      case 'item':
        this.#item(event);
        break;
      case 'problem':
        this.#problem(event.problem);
        break;
      case 'warning':
        output.warn(`warning: ${showName(event.path)}: ${event.warning.message}`);
        output.emit({ message_type: 'warning', item: event.path, ...snakeCase(event.warning) });
        break;
      case 'database':
        break;
    }
  }

  finish(result: BackupResult): void {
    this.#output.emit(summaryMessage(result));
    const output = this.#output;
    for (const database of result.manifest.databases) output.say(databaseLine(database));
    output.say(filesLine(result));
    for (const line of crossCheckLines(result)) output.say(line);
    output.say(noticeLine(result.manifest.databases));
    output.print(resultLine(result));
  }

  #item({ path, action, sizeBytes, isDirectory }: Extract<BackupEvent, { type: 'item' }>): void {
    const output = this.#output;
    if (output.verbosity < 1) return;
    output.print(`${action.padEnd(10)} ${showName(path)}${isDirectory ? '/' : ''}`);
    const item = isDirectory ? `${path}/` : path;
    output.emit({
      message_type: 'verbose_status',
      action: ITEM_ACTIONS[action],
      item,
      data_size: sizeBytes,
    });
  }

  #problem({ path, error, kind }: ArchiveProblem): void {
    const output = this.#output;
    const message = describeCause(error);
    const what = kind === 'file' || kind === 'database' ? 'error' : 'warning';
    const also = kind === 'plain' ? '. It is stored as a plain file' : '';
    output.warn(
      `${output.style(what === 'error' ? 'red' : 'yellow', `${what}:`)} ${message}${also}`,
    );
    const known = isKeepsakeError(error) ? { code: error.code, hint: error.hint } : undefined;
    output.emit({
      message_type: what,
      error: { message, ...known },
      during: 'archival',
      item: path,
    });
    // A thousand files that cannot be read for one reason need one advice.
    if (known === undefined || kind === 'plain' || this.#hinted.has(known.code)) return;
    this.#hinted.add(known.code);
    output.warn(`  ${known.hint}`);
  }
}

function databaseLine(database: ManifestDatabase): string {
  const { path, tables, sizeBytes, foreignKeyViolations } = database;
  const rows = tables.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
  const broken =
    foreignKeyViolations > 0 ? `, ${count(foreignKeyViolations, 'broken foreign key')}` : '';
  return `database  ${showName(path)}: ${count(rows, 'row')} in ${count(tables.length, 'table')}, ${formatBytes(sizeBytes)}, ${databaseHealth(database)}${broken}`;
}

function databaseHealth({ integrity, checkedAt }: ManifestDatabase): string {
  if (integrity.result !== 'ok') return `DAMAGED (${integrity.problems[0] ?? 'see check'})`;
  return integrity.check === 'changed_pages'
    ? `new pages sound, all of it checked ${checkedAt}`
    : 'sound';
}

function filesLine({ counts }: BackupResult): string {
  const { filesNew, filesChanged, filesUnmodified, totalFilesProcessed, totalBytesProcessed } =
    counts;
  return `files     ${count(totalFilesProcessed, 'file')}, ${formatBytes(totalBytesProcessed)}: ${filesNew} new, ${filesChanged} changed, ${filesUnmodified} unmodified`;
}

function crossCheckLines({ manifest }: BackupResult): string[] {
  return manifest.references.map((reference) => {
    const { table, column, folder, namedCount, missingCount, missing } = reference;
    const what = `${table}.${column} names ${count(namedCount, 'file')} of ${showName(folder)}`;
    if (missingCount === 0) return `uploads   ${what}: all there`;
    const names = missing.slice(0, 3).map(showName).join(', ');
    return `uploads   ${what}: ${missingCount} MISSING (${names}${missingCount > 3 ? ', …' : ''})`;
  });
}

/** What the app could notice of being backed up. */
function noticeLine(databases: readonly ManifestDatabase[]): string {
  if (databases.length === 0) return 'the app   noticed nothing: no database was captured';
  const blocking = databases.filter(
    ({ journalMode, readLockMs }) => journalMode !== 'wal' && readLockMs > 0,
  );
  if (blocking.length === 0) return 'the app   noticed nothing: no write had to wait';
  const longest = Math.max(...blocking.map(({ readLockMs }) => readLockMs));
  return `the app   may have waited up to ${longest} ms with a write (rollback journal)`;
}

function resultLine(result: BackupResult): string {
  const { counts, snapshotId, outcome, startedAt, endedAt, dryRun } = result;
  const took = seconds(endedAt.getTime() - startedAt.getTime());
  const added = `${formatBytes(counts.dataAdded)} new, ${formatBytes(counts.dataAddedPacked)} stored`;
  if (dryRun) return `dry run: would add ${added}; nothing was written (${took})`;
  const id = snapshotId?.slice(0, 8) ?? '';
  const verdict = {
    ok: 'saved',
    warning: 'saved, with warnings',
    partial: 'saved, but PARTIAL: not everything could be read',
    failed: 'saved WITHOUT a configured database: this is no full backup',
  }[outcome];
  return `snapshot ${id} ${verdict}: ${added} (${took})`;
}

function summaryMessage(result: BackupResult): object {
  const { counts, manifest, startedAt, endedAt, outcome, snapshotId, parentId, dryRun } = result;
  return {
    message_type: 'summary',
    dry_run: dryRun,
    outcome,
    files_new: counts.filesNew,
    files_changed: counts.filesChanged,
    files_unmodified: counts.filesUnmodified,
    dirs_new: counts.dirsNew,
    dirs_changed: counts.dirsChanged,
    dirs_unmodified: counts.dirsUnmodified,
    data_blobs: counts.dataBlobs,
    tree_blobs: counts.treeBlobs,
    data_added: counts.dataAdded,
    data_added_packed: counts.dataAddedPacked,
    total_files_processed: counts.totalFilesProcessed,
    total_bytes_processed: counts.totalBytesProcessed,
    total_duration: (endedAt.getTime() - startedAt.getTime()) / 1000,
    backup_start: startedAt.toISOString(),
    backup_end: endedAt.toISOString(),
    ...(snapshotId === undefined ? {} : { snapshot_id: snapshotId }),
    ...(parentId === undefined ? {} : { parent_id: parentId }),
    tags: result.tags,
    databases: manifest.databases.map(snakeCase),
    references: manifest.references.map(snakeCase),
    orphans: manifest.orphans.map(snakeCase),
  };
}
