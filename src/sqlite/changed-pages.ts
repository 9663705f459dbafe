/**
 * Reads of a live WAL database only what was committed since an earlier capture, under the gate's
 * lock and into an image that has holes where nothing changed.
 *
 * Why that is all: the main file has the inode, size and times it had then, so nobody has written a
 * page into it, no checkpoint either. The log has the header it had then (or there was none), and its
 * frame that was the last one then still has the checksum that vouches for all before it; so it was
 * only appended to. What differs from then are the pages of the frames after that one, and those
 * that came with a change of the page count. Everything else is a doubt, and all is read.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { fsPath } from '../base/raw-name.ts';
import type { DatabaseHeader } from './database-file.ts';
import { endsThere, isSameGeneration, isSameStamp, type DatabaseState } from './database-state.ts';
import { assertHeaderAgrees, assertSameFile, openSource, readHeader } from './raw-image.ts';
import { lockPageOf, writeFully } from './raw-pages.ts';
import { openWal, RawReadDoubt, type OpenWal } from './raw-wal.ts';
import { stateOf } from './source-survey.ts';
import { WAL_FRAME_HEADER_BYTES } from './wal-format.ts';
import { frameOffset, readFully } from './wal-scan.ts';

/** What an earlier capture took. */
export interface EarlierCapture {
  readonly state: DatabaseState;
  readonly pageSize: number;
  readonly pageCount: number;
  readonly pieceBytes: number;
}

export interface ChangedPages {
  readonly header: DatabaseHeader;
  readonly pageCount: number;
  /** Numbers of the pieces that are in the image, from 0; all others are as they were. */
  readonly pieces: ReadonlySet<number>;
  readonly state: DatabaseState;
}

export type ChangedStage = 'log-scanned' | 'pages-read';

export interface ChangedPagesOptions {
  readonly source: string;
  readonly image: string;
  readonly earlier: EarlierCapture;
  readonly signal: AbortSignal;
  /** More than this share of the database is quicker read in one go. */
  readonly mostChanged?: number | undefined;
  /** Lets tests meddle with the files. */
  readonly atStage?: ((stage: ChangedStage) => Promise<void>) | undefined;
}

const MOST_CHANGED = 1 / 4;

/** Throws `RawReadDoubt` when anything at all is not as described above. */
export async function readChangedPages(options: ChangedPagesOptions): Promise<ChangedPages> {
  const { source, image, earlier, signal, mostChanged = MOST_CHANGED, atStage } = options;
  await using main = await openSource(source);
  await assertUntouched(main, earlier);
  const header = await readHeader(main);
  await using wal = await openWal(source, header, signal);
  const since = await framesThen(wal, earlier);
  if (wal?.pageCount === undefined || header.pageSize !== earlier.pageSize) {
    throw new RawReadDoubt('there is no log, or another one');
  }
  await atStage?.('log-scanned');
  const pieces = changedPieces(wal, since, { ...earlier, mostChanged });
  const extent = { pageSize: header.pageSize, pageCount: wal.pageCount };
  await using target = await open(fsPath(image), 'wx+', 0o600);
  for (const piece of pieces) {
    signal.throwIfAborted();
    await copyPiece({ main, wal, target }, piece, { ...extent, pieceBytes: earlier.pieceBytes });
  }
  await target.truncate(extent.pageSize * extent.pageCount);
  await atStage?.('pages-read');

  await wal.assertSameGeneration();
  await assertSameFile(main, source);
  await assertUntouched(main, earlier);
  const imageHeader = await readHeader(target);
  assertHeaderAgrees(imageHeader, extent);
  const state = { main: earlier.state.main, wal: wal.stamp };
  return { header: imageHeader, pageCount: extent.pageCount, pieces, state };
}

async function assertUntouched(main: FileHandle, { state }: EarlierCapture): Promise<void> {
  if (isSameStamp(stateOf(await main.stat({ bigint: true })).stamp, state.main)) return;
  throw new RawReadDoubt('the main file was written to since');
}

/** How many frames of this log the earlier capture had. */
async function framesThen(wal: OpenWal | undefined, { state }: EarlierCapture): Promise<number> {
  if (wal?.header === undefined) throw new RawReadDoubt('there is no log');
  if (state.wal === null) return 0;
  const isSame =
    wal.inode === state.wal.inode &&
    isSameGeneration(wal.header, state.wal) &&
    wal.scan.end.frames >= state.wal.frames &&
    (await endsThere(wal.file, wal.header, state.wal));
  if (!isSame) throw new RawReadDoubt('it is another log');
  return state.wal.frames;
}

type Extent = Omit<EarlierCapture, 'state'> & { readonly mostChanged: number };

function changedPieces(
  { scan }: OpenWal,
  since: number,
  { pageSize, pageCount: pageCountThen, pieceBytes, mostChanged }: Extent,
): Set<number> {
  const pagesPerPiece = pieceBytes / pageSize;
  const pieceOf = (page: number): number => Math.floor((page - 1) / pagesPerPiece);
  const pieces = new Set([0]); // its header is looked at
  const add = (piece: number): void => {
    pieces.add(piece);
    if (pieces.size * pieceBytes <= scan.pageCount * pageSize * mostChanged) return;
    throw new RawReadDoubt('much has changed');
  };
  for (const [page, frame] of scan.frameOfPage) {
    if (frame >= since && page <= scan.pageCount) add(pieceOf(page));
  }
  // Where the database has another end, the piece that held it has another length, too.
  if (scan.pageCount !== pageCountThen) {
    const first = pieceOf(Math.min(scan.pageCount, pageCountThen));
    for (let piece = first; piece <= pieceOf(scan.pageCount); piece += 1) add(piece);
  }
  return pieces;
}

async function copyPiece(
  { main, wal, target }: { main: FileHandle; wal: OpenWal; target: FileHandle },
  piece: number,
  { pageSize, pageCount, pieceBytes }: { pageSize: number; pageCount: number; pieceBytes: number },
): Promise<void> {
  const pagesPerPiece = pieceBytes / pageSize;
  const firstPage = piece * pagesPerPiece + 1;
  const count = Math.min(pagesPerPiece, pageCount - firstPage + 1);
  const bytes = new Uint8Array(count * pageSize);
  for (let index = 0; index < count; index += 1) {
    const page = firstPage + index;
    const frame = wal.scan.frameOfPage.get(page);
    const room = bytes.subarray(index * pageSize, (index + 1) * pageSize);
    if (frame === undefined && page === lockPageOf(pageSize)) continue;
    const filled =
      frame === undefined
        ? await readFully(main, room, (page - 1) * pageSize)
        : await readFully(wal.file, room, frameOffset(frame, pageSize) + WAL_FRAME_HEADER_BYTES);
    if (filled < room.length) throw new RawReadDoubt(`page ${page} is nowhere`);
  }
  await writeFully(target, bytes, piece * pieceBytes);
}
