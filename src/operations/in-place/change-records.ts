/**
 * What the state folder knows of changes: where the journal of each is, and, of those that have
 * ended, what `rollback` needs when the old files are gone. Disposable: journals are also found
 * beside the data, and restore points in the repository.
 */
import { join } from 'node:path';
import type { FileLayer } from '../../backend/file-layer.ts';
import {
  makeFolders,
  namesIn,
  readTextIfAny,
  removeFileIfAny,
  writeDurably,
} from './change-files.ts';
import {
  journalPath,
  type ChangeJournal,
  type ChangePart,
  type CodeVersions,
  type RestorePoint,
} from './change-journal.ts';

const RECORD_VERSION = 1;
const RECORD_FOLDER = 'changes';
const RECORDS_KEPT = 20;

export interface EndedChange {
  readonly id: string;
  readonly kind: ChangeJournal['kind'];
  readonly app: string;
  readonly part: ChangePart;
  readonly as: 'done' | 'undone';
  readonly endedAt: string;
  readonly restorePoint?: RestorePoint;
  readonly finalPoint?: RestorePoint;
  readonly stagedBytes?: number;
  /** Its copies held the app's code. */
  readonly hasCode?: true;
  readonly code?: CodeVersions;
  readonly durationMs: number;
}

interface ChangeRecord {
  readonly version: number;
  readonly journal: string;
  readonly ended?: EndedChange;
}

export interface RecordAccess {
  readonly files: FileLayer;
  readonly stateFolder: string;
}

/** After the journal itself: alone it would say nothing. */
export async function writePointer(access: RecordAccess, journal: ChangeJournal): Promise<void> {
  await writeRecord(access, journal.id, { version: RECORD_VERSION, journal: journalPath(journal) });
}

export async function writeEnded(
  access: RecordAccess,
  journal: ChangeJournal,
  durationMs: number,
): Promise<void> {
  const { id, kind, part, restorePoint, finalPoint, stagedBytes, code, whole, ended } = journal;
  if (ended === undefined) return;
  await writeRecord(access, id, {
    version: RECORD_VERSION,
    journal: journalPath(journal),
    ended: {
      id,
      kind,
      part,
      app: journal.app.name,
      as: ended.as,
      endedAt: ended.at,
      durationMs,
      ...(restorePoint !== undefined && { restorePoint }),
      ...(finalPoint !== undefined && { finalPoint }),
      ...(stagedBytes !== undefined && { stagedBytes }),
      ...(whole !== undefined && { hasCode: true as const }),
      ...(code !== undefined && { code }),
    },
  });
  await forgetOldRecords(access);
}

/** Paths of the journals that the state folder knows of. */
export async function pointedJournals(access: RecordAccess): Promise<string[]> {
  return (await readRecords(access)).map(({ journal }) => journal);
}

/** Newest first. */
export async function endedChanges(access: RecordAccess): Promise<EndedChange[]> {
  const ended = (await readRecords(access)).flatMap((record) => record.ended ?? []);
  return ended.sort((a, b) => b.endedAt.localeCompare(a.endedAt));
}

async function writeRecord(
  { files, stateFolder }: RecordAccess,
  id: string,
  record: ChangeRecord,
): Promise<void> {
  const folder = join(stateFolder, RECORD_FOLDER);
  await makeFolders(files, folder);
  await writeDurably(files, join(folder, `${id}.json`), `${JSON.stringify(record)}\n`);
}

async function forgetOldRecords(access: RecordAccess): Promise<void> {
  const old = (await endedChanges(access)).slice(RECORDS_KEPT);
  for (const { id } of old) {
    await removeFileIfAny(access.files, join(access.stateFolder, RECORD_FOLDER, `${id}.json`));
  }
}

async function readRecords({ files, stateFolder }: RecordAccess): Promise<ChangeRecord[]> {
  const folder = join(stateFolder, RECORD_FOLDER);
  const found: ChangeRecord[] = [];
  for (const name of await namesIn(files, folder)) {
    if (!/^[0-9a-f]{8}\.json$/.test(name)) continue;
    const record = parseRecord((await readTextIfAny(files, join(folder, name))) ?? '');
    if (record !== undefined) found.push(record);
  }
  return found;
}

function parseRecord(text: string): ChangeRecord | undefined {
  try {
    const value = JSON.parse(text) as Partial<ChangeRecord>;
    return typeof value.journal === 'string' ? (value as ChangeRecord) : undefined;
  } catch {
    return undefined; // disposable
  }
}
