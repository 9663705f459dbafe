/**
 * Makes ready what the captures of a backup will need, while the index is being read: by then the
 * snapshots are known, and with them which databases were written to since.
 */
import { statSync, type BigIntStats } from 'node:fs';
import { fsPath } from '../base/raw-name.ts';
import { timeToNs } from '../format/go-time.ts';
import type { StoredSnapshot } from '../repository/repository.ts';
import { loadCapturing } from '../snapshot/load-capturing.ts';
import type { LookAhead } from '../source/look-ahead.ts';
import { databaseOfSidecar, looksLikeDatabase } from '../source/sqlite-files.ts';
import { CaptureAhead } from '../sqlite/capture-ahead.ts';
import type { BackupInput } from './backup-input.ts';
import { parentCandidates } from './parent-snapshot.ts';
import type { Workbench } from './workbench.ts';

/** Of each the first bytes are read; where more changed, a moment less does not matter. */
const MOST_FILES = 100;

interface Beginning {
  readonly input: BackupInput;
  readonly snapshots: readonly StoredSnapshot[];
  readonly scratchFolder: string;
  readonly ahead: LookAhead;
}

/** `undefined` where memory is short. A first backup has other things to do first. */
export function beginCaptures(
  { clock, gate, lowMemory }: Workbench,
  { input, snapshots, scratchFolder, ahead }: Beginning,
): CaptureAhead | undefined {
  if (lowMemory === true) return undefined;
  const captures = new CaptureAhead({ scratchFolder, clock, gate });
  const [newest] = parentCandidates(snapshots, input);
  if (newest === undefined || input.subject.locate !== undefined) return captures;
  const databases = writtenSince(timeToNs(newest.snapshot.time), input, ahead);
  const [largest] = [...databases].sort((a, b) => b.sizeBytes - a.sizeBytes);
  if (largest === undefined) return captures;
  loadCapturing().catch(() => {}); // asked for again where it is needed
  captures.start();
  captures.copy(largest.path);
  return captures;
}

interface Written {
  readonly path: string;
  readonly sizeBytes: number;
}

/** What could not be looked at, and what was overlooked, is met by the walk. */
function writtenSince(
  timeNs: bigint,
  { subject }: BackupInput,
  ahead: LookAhead,
): readonly Written[] {
  const found = new Map<string, Written>();
  for (const database of subject.databases) {
    const isWritten = [database, `${database}-wal`].some((path) => isChangedSince(path, timeNs));
    if (isWritten) note(found, database);
  }
  let left = MOST_FILES;
  for (const path of ahead.changedSince(timeNs)) {
    if ((left -= 1) < 0) break;
    const database = databaseOfSidecar(path) ?? path;
    if (!found.has(database) && looksLikeDatabase(database)) note(found, database);
  }
  return [...found.values()];
}

function note(found: Map<string, Written>, path: string): void {
  const stats = look(path);
  if (stats !== undefined) found.set(path, { path, sizeBytes: Number(stats.size) });
}

function isChangedSince(path: string, timeNs: bigint): boolean {
  const stats = look(path);
  return stats !== undefined && stats.ctimeNs >= timeNs;
}

function look(path: string): BigIntStats | undefined {
  try {
    return statSync(fsPath(path), { bigint: true });
  } catch {
    return undefined;
  }
}
