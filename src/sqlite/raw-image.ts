/**
 * Reads a live database from its files, in a process that never opens it in SQLite, while the gate
 * holds the read lock.
 *
 * Under that lock either the log cannot start anew, and what is written into the main file stands
 * in the log, too; or the log is all in the main file, nobody writes there, and the log may start
 * anew once (wal.c walTryBeginRead, sqlite3WalCheckpoint). So the main file, with the frames of ONE
 * generation of the log up to ANY commit not older than the lock laid over it, is a committed state.
 * A log that starts anew has its header written before its first frame (wal.c sqlite3WalFrames):
 * the same header after the last read proves that all frames were of one generation.
 *
 * With a rollback journal nobody writes into the main file under the lock.
 */
import { open, stat, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { fsPath } from '../base/raw-name.ts';
import {
  DATABASE_HEADER_BYTES,
  decodeDatabaseHeader,
  type DatabaseHeader,
} from './database-file.ts';
import { provableState, type DatabaseState } from './database-state.ts';
import { copyPages, layOver, lockPageOf } from './raw-pages.ts';
import { isMissing, openIfThere, stateOf, unreadable } from './source-survey.ts';
import { openWal, RawReadDoubt, type OpenWal } from './raw-wal.ts';

export type RawStage = 'log-scanned' | 'main-read' | 'log-laid-over';

export interface RawImageOptions {
  readonly source: string;
  readonly image: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Lets tests make a reader slow, or meddle with the files. */
  readonly atStage?: ((stage: RawStage) => Promise<void>) | undefined;
}

/**
 * Writes the image; returns by which state of the files a later capture may know it as unchanged,
 * if that can be told. Throws `RawReadDoubt` when it is not certain that the image is a committed
 * state.
 */
export async function readRawImage(options: RawImageOptions): Promise<DatabaseState | undefined> {
  const { source, image, clock, signal, atStage } = options;
  await using main = await openSource(source);
  const before = stateOf(await main.stat({ bigint: true }));
  const header = await readHeader(main);
  await using wal = await openWal(source, header, signal);
  const pageCount = wal?.pageCount ?? pageCountOf(header, before.sizeBytes);
  await atStage?.('log-scanned');

  await using target = await open(fsPath(image), 'wx+', 0o600);
  const extent = { pageSize: header.pageSize, pageCount };
  const pagesRead = await copyPages(main, target, { ...extent, signal });
  await atStage?.('main-read');
  if (wal !== undefined) await layOver(wal, target, { ...extent, signal });
  await atStage?.('log-laid-over');

  assertComplete(pagesRead, extent, wal);
  await wal?.assertSameGeneration();
  await assertSameFile(main, source);
  assertHeaderAgrees(await readHeader(target), extent);
  const after = stateOf(await main.stat({ bigint: true }));
  if (after.identity !== before.identity) return assertMayChange(wal);
  return provableState(after, wal?.stamp ?? null, clock);
}

export async function openSource(path: string): Promise<FileHandle> {
  const file = await openIfThere(path);
  if (file === undefined) throw new RawReadDoubt('the database is gone');
  return file;
}

export async function readHeader(file: FileHandle): Promise<DatabaseHeader> {
  const { buffer } = await file.read(new Uint8Array(DATABASE_HEADER_BYTES), { position: 0 });
  const header = decodeDatabaseHeader(buffer);
  if (header === undefined) throw new RawReadDoubt('there is no header');
  return header;
}

/** As SQLite decides it (btree.c lockBtree). */
function pageCountOf(header: DatabaseHeader, sizeBytes: number): number {
  const { pageSize, pageCount, isPageCountValid } = header;
  return isPageCountValid ? pageCount : Math.ceil(sizeBytes / pageSize);
}

/** Each page was in the main file or in the log. */
function assertComplete(
  pagesRead: number,
  { pageSize, pageCount }: { pageSize: number; pageCount: number },
  wal: OpenWal | undefined,
): void {
  for (let page = pagesRead + 1; page <= pageCount; page += 1) {
    if (page === lockPageOf(pageSize) || wal?.scan.frameOfPage.has(page) === true) continue;
    throw new RawReadDoubt(`page ${page} is nowhere`);
  }
}

export async function assertSameFile(file: FileHandle, path: string): Promise<void> {
  const [opened, there] = [
    await file.stat({ bigint: true }),
    await stat(fsPath(path), { bigint: true }).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw unreadable(path, error);
    }),
  ];
  if (opened.ino !== there?.ino || opened.dev !== there.dev) {
    throw new RawReadDoubt('another file took the place of the database');
  }
}

export function assertHeaderAgrees(
  header: DatabaseHeader,
  extent: { pageSize: number; pageCount: number },
): void {
  const isSameCount = !header.isPageCountValid || header.pageCount === extent.pageCount;
  if (header.pageSize !== extent.pageSize || !isSameCount) {
    throw new RawReadDoubt('the header of the image tells of another size');
  }
}

/** A checkpoint may move pages from the log into the main file; without a log nobody may write. */
function assertMayChange(wal: OpenWal | undefined): undefined {
  if (wal === undefined) throw new RawReadDoubt('the database was written to under the lock');
}
