import { formatBytes } from '../base/bytes.ts';
import type {
  ImportedDatabase,
  ImportedFile,
  ImportEvent,
  ImportResult,
} from '../operations/import/import-input.ts';
import type { TimeSource } from '../operations/import/import-time.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { count, seconds } from './phrases.ts';

const TIME_SOURCES: Readonly<Record<TimeSource, string>> = {
  flag: 'as --time says',
  name: 'by its name',
  database: 'when the database in it was last written',
  member: 'when the newest file in it was written',
  file: 'when the file itself was written',
};

const VERDICTS = {
  sound: 'sound',
  torn: 'TORN: stored as the plain file it is',
  'broken-references': 'not verified: its rows do not fit together',
} as const;

export class ImportRenderer {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  take(event: ImportEvent): void {
    const output = this.#output;
    if (event.type === 'lock-wait') output.warn(`${event.error.message}. Waiting …`);
    else if (event.type === 'file') this.#file(event.imported);
    else {
      const { phase, file, memberCount, bytes } = event;
      const what = `${count(memberCount, 'member')}, ${formatBytes(bytes)}`;
      output.status(
        () => `${phase === 'looking' ? 'looking through' : 'storing'} ${showName(file)}: ${what}`,
      );
      output.emitStatus(() => ({
        message_type: 'status',
        phase,
        item: file,
        files_done: memberCount,
        bytes_done: bytes,
      }));
    }
  }

  finish({ files, dryRun, durationMs }: ImportResult): void {
    const of = (outcome: ImportedFile['outcome']) =>
      files.filter((file) => file.outcome === outcome).length;
    const imported = of('imported') + of('partial') + of('unverified');
    this.#output.emit({
      message_type: 'summary',
      dry_run: dryRun,
      files_imported: imported,
      files_unverified: of('unverified'),
      files_partial: of('partial'),
      files_skipped: of('skipped'),
      files_failed: of('failed'),
      total_duration: durationMs / 1000,
    });
    const also = [
      ...(of('unverified') > 0 ? [`${of('unverified')} of them UNVERIFIED`] : []),
      ...(of('partial') > 0 ? [`${of('partial')} of them PARTIAL`] : []),
      ...(of('skipped') > 0 ? [`${of('skipped')} imported before`] : []),
      ...(of('failed') > 0 ? [`${of('failed')} FAILED`] : []),
    ];
    const verb = dryRun ? 'dry run: would import' : 'imported';
    const what = [`${verb} ${count(imported, 'file')}`, ...also].join(', ');
    this.#output.print(`${what}${dryRun ? '; nothing was written' : ''} (${seconds(durationMs)})`);
  }

  #file(imported: ImportedFile): void {
    const output = this.#output;
    const { file, outcome, error, time, timeSource } = imported;
    output.emit(fileMessage(imported));
    if (error !== undefined) {
      output.warn(`${output.style('red', 'error:')} ${error.message}`);
      output.warn(`  ${error.hint}`);
      return;
    }
    output.say(headLine(imported));
    if (time !== undefined && timeSource !== undefined && outcome !== 'skipped') {
      output.say(`  of ${localTime(time.toISOString())}, ${TIME_SOURCES[timeSource]}`);
    }
    for (const { from, to } of imported.places)
      output.say(`  ${showName(from)} -> ${showName(to)}`);
    for (const database of imported.databases) output.say(`  ${databaseLine(database)}`);
    const isDoubtful = outcome === 'unverified' || outcome === 'partial';
    for (const note of imported.notes) {
      if (isDoubtful)
        output.warn(`${output.style('yellow', 'warning:')} ${showName(file)}: ${showName(note)}`);
      else output.say(`  ${showName(note)}`);
    }
  }
}

function headLine({
  file,
  outcome,
  snapshotId,
  fileCount,
  sizeBytes,
  storedBytes,
  tags,
}: ImportedFile): string {
  if (outcome === 'skipped') {
    return `${showName(file)}: skipped, imported before as snapshot ${snapshotId?.slice(0, 8)}`;
  }
  const what = `${count(fileCount, 'file')}, ${formatBytes(sizeBytes)}, ${formatBytes(storedBytes)} stored`;
  const snapshot = snapshotId === undefined ? 'a snapshot' : `snapshot ${snapshotId.slice(0, 8)}`;
  return `${showName(file)}: ${snapshot} of ${what} [${tags.join(', ')}]`;
}

function databaseLine({ path, verdict, rowCount, reason }: ImportedDatabase): string {
  const why = reason === undefined ? '' : ` (${showName(reason)})`;
  return `database ${showName(path)}: ${count(rowCount, 'row')}, ${VERDICTS[verdict]}${why}`;
}

function fileMessage(imported: ImportedFile): object {
  const { error, time } = imported;
  if (error !== undefined) {
    const { code, message, hint } = error;
    return {
      message_type: 'error',
      error: { message, code, hint },
      during: 'import',
      item: imported.file,
    };
  }
  return {
    message_type: 'import',
    item: imported.file,
    outcome: imported.outcome,
    ...(imported.snapshotId !== undefined && { snapshot_id: imported.snapshotId }),
    ...(time !== undefined && { time: time.toISOString(), time_from: imported.timeSource }),
    places: imported.places,
    tags: imported.tags,
    databases: imported.databases.map(({ path, verdict, rowCount, reason }) => ({
      path,
      verdict,
      rows: rowCount,
      ...(reason !== undefined && { reason }),
    })),
    total_files: imported.fileCount,
    total_bytes: imported.sizeBytes,
    data_added_packed: imported.storedBytes,
    notes: imported.notes,
  };
}
