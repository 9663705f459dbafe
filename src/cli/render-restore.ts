/** What `restore` says: progress, each thing that went wrong, and where everything is now. */
import { formatBytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { RestoredDatabase, RestoreNews, RestoreResult } from '../operations/restore-input.ts';
import type { RestoreTotals } from '../snapshot/restore-options.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { count, seconds } from './phrases.ts';

type Beginning = Extract<RestoreNews, { kind: 'begin' }>;
type Item = Extract<RestoreNews, { kind: 'item' }>;

export class RestoreRenderer {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #startedMs: number;
  #expected: Beginning['expected'];
  #plannedBytes = 0;

  constructor(output: Output, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
  }

  take(event: RestoreNews): void {
    const output = this.#output;
    switch (event.kind) {
      case 'begin':
        this.#begin(event);
        break;
      case 'progress':
        output.status(() => progressLine(event.totals, this.#expected));
        output.emitStatus(() => this.#statusMessage(event.totals));
        break;
      case 'item':
        this.#item(event);
        break;
      case 'warning':
        output.warnOf(event);
        break;
      case 'error': {
        const { message, code } = event.error;
        output.warn(`${output.style('red', 'error:')} ${showName(message)}`);
        const error = { message, code };
        output.emit({ message_type: 'error', error, during: 'restore', item: event.path });
        break;
      }
    }
  }

  finish(result: RestoreResult): void {
    const output = this.#output;
    output.emit(this.#summaryMessage(result));
    for (const database of result.databases) output.say(databaseLine(database, result.dryRun));
    output.print(resultLine(result, this.#plannedBytes));
    if (result.verified) output.say(verifiedLine(result));
    for (const line of nextLines(result)) output.say(line);
  }

  #begin({ stored, subfolder, insideOf, target, expected }: Beginning): void {
    this.#expected = expected;
    const { id, snapshot } = stored;
    const what = (subfolder === '/' ? snapshot.paths : [subfolder]).map(showName).join(', ');
    this.#output.say(
      `restoring snapshot ${id.slice(0, 8)} (${what}, ${localTime(snapshot.time)}) to ${showName(target)}`,
    );
    if (insideOf === undefined) return;
    const message = `the target lies in ${showName(insideOf)}, which is backed up: the next backup will hold this copy, too`;
    this.#output.warn(`warning: ${message}`);
    this.#output.emit({ message_type: 'warning', item: target, message });
  }

  #item({ action, path, type, sizeBytes }: Item): void {
    const output = this.#output;
    if (type === 'file' && (action === 'restored' || action === 'updated')) {
      this.#plannedBytes += sizeBytes;
    }
    if (output.verbosity < 1) return;
    const item = type === 'dir' ? `${path}/` : path;
    output.print(`${action.padEnd(9)} ${showName(item)}`);
    output.emit({ message_type: 'verbose_status', action, item, size: sizeBytes });
  }

  #statusMessage(totals: Readonly<RestoreTotals>): object {
    const expected = this.#expected;
    return {
      message_type: 'status',
      seconds_elapsed: this.#secondsElapsed(),
      ...(expected !== undefined && {
        percent_done: share(doneBytes(totals), expected.sizeBytes),
        total_files: expected.fileCount,
        total_bytes: expected.sizeBytes,
      }),
      ...counts(totals),
    };
  }

  #summaryMessage(result: RestoreResult): object {
    const { totals, stored, databases, dryRun } = result;
    const restored = counts(totals);
    return {
      message_type: 'summary',
      seconds_elapsed: this.#secondsElapsed(),
      total_files: restored.files_restored + restored.files_skipped,
      ...restored,
      total_bytes: this.#plannedBytes + totals.bytesSkipped,
      outcome: result.outcome,
      snapshot_id: stored.id,
      target: result.target,
      dry_run: dryRun,
      files_unchanged: totals.filesUnchanged,
      files_verified: totals.filesVerified,
      num_errors: totals.errors,
      num_warnings: totals.warnings,
      databases: databases.map(({ at, manifest }) => ({
        path: manifest.path,
        restored_to: at,
        tables: manifest.tables.length,
        rows: rowsOf(manifest),
      })),
    };
  }

  #secondsElapsed(): number {
    return Math.floor((this.#clock.monotonicMs() - this.#startedMs) / 1000);
  }
}

/** restic's names: what was equal already counts as skipped. */
function counts(totals: Readonly<RestoreTotals>) {
  return {
    files_restored: totals.filesRestored + totals.filesUpdated + totals.others,
    files_skipped: totals.filesUnchanged + totals.filesSkipped,
    files_deleted: 0,
    bytes_restored: totals.bytesRestored,
    bytes_skipped: totals.bytesSkipped,
  };
}

function doneBytes({ bytesRestored, bytesSkipped }: Readonly<RestoreTotals>): number {
  return bytesRestored + bytesSkipped;
}

function share(done: number, total: number): number {
  return total === 0 ? 1 : Math.min(1, done / total);
}

function progressLine(
  totals: Readonly<RestoreTotals>,
  expected: { fileCount: number; sizeBytes: number } | undefined,
): string {
  const { filesRestored, filesUpdated, errors } = totals;
  const files = filesRestored + filesUpdated;
  const failed = errors > 0 ? `, ${count(errors, 'error')}` : '';
  const done = doneBytes(totals);
  if (expected === undefined)
    return `restored ${count(files, 'file')}, ${formatBytes(done)}${failed}`;
  const percent = Math.floor(share(done, expected.sizeBytes) * 100);
  return `${percent} %: ${count(files, 'file')}, ${formatBytes(done)} of ${formatBytes(expected.sizeBytes)}${failed}`;
}

function rowsOf({ tables }: RestoredDatabase['manifest']): number {
  return tables.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
}

function databaseLine({ at, manifest }: RestoredDatabase, dryRun: boolean): string {
  const rows = `${count(rowsOf(manifest), 'row')} in ${count(manifest.tables.length, 'table')}`;
  const whole = dryRun ? '' : '; complete as it is, there is no -wal to go with it';
  return `database  ${showName(at)}: ${rows}${whole}`;
}

function resultLine(result: RestoreResult, plannedBytes: number): string {
  const { totals, target, dryRun, outcome, durationMs } = result;
  const written = totals.filesRestored + totals.filesUpdated;
  const kept = [
    ...(totals.filesUpdated > 0 ? [`${totals.filesUpdated} of them replaced`] : []),
    ...(totals.filesUnchanged > 0 ? [`${count(totals.filesUnchanged, 'file')} unchanged`] : []),
    ...(totals.filesSkipped > 0 ? [`${count(totals.filesSkipped, 'file')} kept as they were`] : []),
    ...(totals.others > 0 ? [`${count(totals.others, 'link')} or other`] : []),
  ];
  const also = kept.length === 0 ? '' : `, ${kept.join(', ')}`;
  const what = `${count(written, 'file')}, ${formatBytes(plannedBytes)}${also}`;
  const took = `(${seconds(durationMs)})`;
  if (dryRun)
    return `dry run: would restore to ${showName(target)}: ${what}; nothing was written ${took}`;
  const verdict = {
    ok: 'restored',
    partial: `restored in part (${count(totals.errors, 'error')})`,
    different: `restored, but ${count(totals.errors, 'file')} read back differently,`,
    damaged: `restored without what is damaged in the repository (${count(totals.errors, 'error')})`,
  }[outcome];
  return `${verdict} to ${showName(target)}: ${what} ${took}`;
}

function verifiedLine({ totals }: RestoreResult): string {
  return `verified: ${count(totals.filesVerified, 'file')} read again and equal to the snapshot`;
}

function nextLines({ outcome, dryRun, databases }: RestoreResult): string[] {
  if (dryRun) return [];
  if (outcome === 'damaged') {
    return [
      'next: keepsake check --read-data shows how far the damage goes; try an older snapshot',
    ];
  }
  if (outcome !== 'ok') return ['next: remove the cause and run the same command again'];
  if (databases.length === 0) return [];
  return [
    'next: stop the app, move its database aside together with -wal, -shm and -journal,',
    '      move the restored files into place, give them the right owner, start the app',
  ];
}
