/** What `verify` says: a line for each judgement, and a verdict. */
import { formatBytes } from '../base/bytes.ts';
import type { LiveResult } from '../operations/verify-live.ts';
import type {
  Difference,
  Judgement,
  RestoredTotals,
  VerifyEvent,
  VerifyResult,
} from '../operations/verify-input.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { count, seconds } from './phrases.ts';
import { snakeCase } from './snake-case.ts';

const MOST_DIFFERENCES = 20;

export class VerifyRenderer {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  take(event: VerifyEvent): void {
    const output = this.#output;
    switch (event.kind) {
      case 'begin':
        this.#begin(event);
        break;
      case 'progress':
        output.status(() => progressLine(event));
        output.emitStatus(() => progressMessage(event));
        break;
      case 'item-error': {
        const { message, code } = event.error;
        const error = { message, code };
        output.emit({ message_type: 'error', error, during: 'verify', item: event.path });
        break;
      }
      case 'warning':
        output.warnOf(event);
        break;
      case 'judgement':
        this.#judgement(event.judgement);
        break;
    }
  }

  finish(result: VerifyResult): void {
    const output = this.#output;
    output.emit(summaryMessage(result));
    if (result.keptIn !== undefined)
      output.say(`the restored files are in ${showName(result.keptIn)}`);
    const style = result.success ? (['green'] as const) : (['red', 'bold'] as const);
    output.print(output.style([...style], verdictLine(result)));
    if (!result.success) {
      output.print('next: keepsake check --read-data tells whether the repository is damaged;');
      output.print('      an older snapshot may be whole: keepsake snapshots');
    }
  }

  #begin({ stored, hasManifest, sizeBytes }: Extract<VerifyEvent, { kind: 'begin' }>): void {
    const { id, snapshot } = stored;
    const paths = snapshot.paths.map(showName).join(', ');
    const output = this.#output;
    output.say(
      `verifying snapshot ${id.slice(0, 8)} (${paths}, ${localTime(snapshot.time)}, ${formatBytes(sizeBytes)})`,
    );
    if (hasManifest) return;
    const message =
      'it has no manifest, because another tool wrote it: content and databases are checked, but how many rows and files there were is not known';
    output.warn(`note: ${message}`);
    output.emit({ message_type: 'note', message });
  }

  #judgement(judgement: Judgement): void {
    const output = this.#output;
    const { check, differences } = judgement;
    const success = differences.length === 0;
    output.emit({ message_type: 'judgement', success, ...snakeCase(judgement) });
    const mark = success ? output.style('green', 'ok    ') : output.style('red', 'FAILED');
    const line = `${mark}  ${check.padEnd(12)}  ${phrase(judgement)}`;
    if (success) output.say(line);
    else output.print(line);
    for (const difference of differences.slice(0, MOST_DIFFERENCES)) {
      output.print(`        ${differenceText(difference)}`);
    }
    const more = differences.length - MOST_DIFFERENCES;
    if (more > 0) output.print(`        and ${count(more, 'more difference')}; --json lists all`);
  }
}

export function finishLive(output: Output, result: LiveResult): void {
  const { app, success, judgements, tableCount, rowCount, fileCount, durationMs } = result;
  output.emit({ message_type: 'summary', app, ...summaryCounts(result) });
  const took = seconds(durationMs);
  if (success) {
    const counts = `${count(tableCount, 'table')}, ${count(rowCount, 'row')}, ${count(fileCount, 'file')}`;
    output.print(output.style(['green'], `sound: ${app} as it is now, ${counts}, ${took}`));
    return;
  }
  const line = `NOT sound: ${app} as it is now, ${failedText(judgements)}, ${took}`;
  output.print(output.style(['red', 'bold'], line));
  output.print('next: keepsake verify latest tells whether the last backup is better');
}

/** What was looked at, with its counts. */
function phrase(judgement: Judgement): string {
  const item = showName(judgement.item);
  switch (judgement.check) {
    case 'read':
      return `${filesText(judgement)} read`;
    case 'content':
      return `${filesText(judgement)} restored, read back, equal by hash`;
    case 'counts':
      return `${item}: ${filesText(judgement)} beside the databases`;
    case 'integrity': {
      const { uncheckedTables } = judgement;
      const left =
        uncheckedTables.length === 0
          ? ''
          : `; only the app itself can check ${uncheckedTables.map(showName).join(', ')}`;
      return `${item}: integrity_check${left}`;
    }
    case 'foreign-keys':
      return `${item}: ${count(judgement.violationCount, 'broken foreign key')}`;
    case 'pages':
      return `${item}: ${count(judgement.pageCount, 'page')} of ${formatBytes(judgement.pageSize)}`;
    case 'schema': {
      const { tableCount, lastMigration } = judgement;
      const migration =
        lastMigration === undefined ? '' : `, last migration ${showName(lastMigration)}`;
      return `${item}: ${count(tableCount, 'table')}${migration}`;
    }
    case 'rows': {
      const { rowCount, tableCount } = judgement;
      return `${item}: ${count(rowCount, 'row')} in ${count(tableCount, 'table')}`;
    }
    case 'references': {
      const { folder, namedCount, missingCount } = judgement;
      const missing = missingCount === 0 ? 'all there' : `${missingCount} missing`;
      return `${item} names ${count(namedCount, 'file')} of ${showName(folder)}: ${missing}`;
    }
    case 'orphans':
      return `${item}: ${count(judgement.orphanCount, 'file')} that no row names`;
    default:
      return judgement satisfies never;
  }
}

function filesText({ fileCount, sizeBytes }: { fileCount: number; sizeBytes: number }): string {
  return `${count(fileCount, 'file')}, ${formatBytes(sizeBytes)}`;
}

function differenceText({ what, expected, actual }: Difference): string {
  const found = typeof actual === 'string' ? showName(actual) : actual;
  if (expected === undefined) return `${showName(what)}: ${found}`;
  return `${showName(what)}: expected ${expected}, found ${found}`;
}

function verdictLine(result: VerifyResult): string {
  const { stored, tableCount, rowCount, fileCount, durationMs, judgements, success } = result;
  const id = stored.id.slice(0, 8);
  const took = seconds(durationMs);
  if (success) {
    return `verified: snapshot ${id}, ${count(tableCount, 'table')}, ${count(rowCount, 'row')}, ${count(fileCount, 'file')}, ${took}`;
  }
  return `NOT verified: snapshot ${id}, ${failedText(judgements)}, ${took}`;
}

function failedText(judgements: readonly Judgement[]): string {
  const failed = judgements.filter(({ differences }) => differences.length > 0);
  const names = [...new Set(failed.map(({ check }) => check))].join(', ');
  return `${failed.length} of ${judgements.length} checks failed (${names})`;
}

type Progress = Extract<VerifyEvent, { kind: 'progress' }>;

function progressLine({ phase, doneBytes, sizeBytes }: Progress): string {
  return `${phase}: ${formatBytes(doneBytes)} of ${formatBytes(sizeBytes)}`;
}

function progressMessage({ phase, doneBytes, sizeBytes }: Progress): object {
  return { message_type: 'status', phase, bytes_done: doneBytes, total_bytes: sizeBytes };
}

function summaryMessage(result: VerifyResult): object {
  return {
    message_type: 'summary',
    snapshot_id: result.stored.id,
    has_manifest: result.hasManifest,
    ...summaryCounts(result),
    ...(result.keptIn !== undefined && { kept_in: result.keptIn }),
  };
}

function summaryCounts(result: RestoredTotals & { readonly durationMs: number }): object {
  const { judgements } = result;
  return {
    success: result.success,
    checks: judgements.length,
    checks_failed: judgements.filter(({ differences }) => differences.length > 0).length,
    databases: result.databaseCount,
    tables: result.tableCount,
    rows: result.rowCount,
    files: result.fileCount,
    bytes: result.sizeBytes,
    total_duration: result.durationMs / 1000,
  };
}
