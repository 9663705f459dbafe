/** The log beside a live database: opened, scanned, and held against what its users say of it. */
import { stat, type FileHandle } from 'node:fs/promises';
import { equalBytes } from '../base/bytes.ts';
import { fsPath } from '../base/raw-name.ts';
import type { DatabaseHeader } from './database-file.ts';
import type { WalStamp } from './database-state.ts';
import { isMissing, openIfThere, stateOf, unreadable } from './source-survey.ts';
import { decodeWalHeader, isSameChecksum, WAL_HEADER_BYTES, type WalHeader } from './wal-format.ts';
import { decodeWalIndex, WAL_INDEX_BYTES, type WalIndexHeader } from './wal-index.ts';
import { readFully, scanWal, type WalScan } from './wal-scan.ts';

const WAL_INDEX_TRIES = 5;

const EMPTY: WalScan = {
  end: { frames: 0, checksum: { first: 0, second: 0 } },
  pageCount: 0,
  frameOfPage: new Map(),
};

/** What was read is perhaps no committed state: to be thrown away. Never leaves this folder. */
export class RawReadDoubt extends Error {}

export class OpenWal implements AsyncDisposable {
  readonly file: FileHandle;
  readonly inode: string;
  /** `undefined` while the log is empty. */
  readonly header: WalHeader | undefined;
  readonly scan: WalScan;
  readonly #path: string;
  readonly #headerBytes: Uint8Array;

  constructor(
    at: { path: string; file: FileHandle; inode: string },
    read: { header: WalHeader | undefined; headerBytes: Uint8Array; scan: WalScan },
  ) {
    this.#path = at.path;
    this.file = at.file;
    this.inode = at.inode;
    this.header = read.header;
    this.#headerBytes = read.headerBytes;
    this.scan = read.scan;
  }

  /** After the last commit; `undefined` when there is none in the log. */
  get pageCount(): number | undefined {
    return this.scan.end.frames === 0 ? undefined : this.scan.pageCount;
  }

  get stamp(): WalStamp | null {
    if (this.header === undefined) return null;
    const { sequence, salt1, salt2 } = this.header;
    return { inode: this.inode, sequence, salt1, salt2, ...this.scan.end };
  }

  /** Throws `RawReadDoubt` if the log has started anew since it was opened. */
  async assertSameGeneration(): Promise<void> {
    const now = await readHeaderBytes(this.file);
    const there = await inodeAt(this.#path);
    if (!equalBytes(now, this.#headerBytes) || there !== this.inode) {
      throw new RawReadDoubt('the log has started anew');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file.close();
  }
}

/** `undefined` for a database with a rollback journal. */
export async function openWal(
  source: string,
  { walMode, pageSize }: DatabaseHeader,
  signal: AbortSignal,
): Promise<OpenWal | undefined> {
  const path = `${source}-wal`;
  const index = walMode ? await readWalIndex(`${source}-shm`) : undefined;
  const file = await openIfThere(path);
  if ((file !== undefined) !== walMode) {
    await file?.close();
    throw new RawReadDoubt('the header of the database does not fit the files beside it');
  }
  if (file === undefined || index === undefined) return undefined;
  await using cleanup = new AsyncDisposableStack();
  cleanup.use(file);
  const headerBytes = await readHeaderBytes(file);
  const header = decodeWalHeader(headerBytes);
  if (headerBytes.length > 0 && header?.pageSize !== pageSize) {
    throw new RawReadDoubt('the log has no sound header of this database');
  }
  const scan = header === undefined ? EMPTY : await scanWal(file, header, { signal });
  assertReaches(index, header, scan);
  const { inode } = stateOf(await file.stat({ bigint: true })).stamp;
  cleanup.move();
  return new OpenWal({ path, file, inode }, { header, headerBytes, scan });
}

/** What other programs were told is committed must have been found. */
function assertReaches(
  index: WalIndexHeader,
  header: WalHeader | undefined,
  { end, pageCount }: WalScan,
): void {
  if (index.committedFrames === 0) return;
  const isSameLog = index.salt1 === header?.salt1 && index.salt2 === header.salt2;
  const isReached = end.frames >= index.committedFrames;
  const isOther =
    end.frames === index.committedFrames &&
    (pageCount !== index.pageCount || !isSameChecksum(end.checksum, index.lastChecksum));
  if (isSameLog && isReached && !isOther) return;
  throw new RawReadDoubt('the log does not hold what is committed');
}

async function readHeaderBytes(file: FileHandle): Promise<Uint8Array> {
  const bytes = new Uint8Array(WAL_HEADER_BYTES);
  return bytes.subarray(0, await readFully(file, bytes, 0));
}

/** Throws `RawReadDoubt` if there is none, or none that is whole: a writer changes it in no time. */
export async function readWalIndex(path: string): Promise<WalIndexHeader> {
  const file = await openIfThere(path);
  if (file === undefined) throw new RawReadDoubt('there is no index of the log');
  await using _ = file;
  const bytes = new Uint8Array(WAL_INDEX_BYTES);
  for (let left = WAL_INDEX_TRIES; left > 0; left -= 1) {
    const index = decodeWalIndex(bytes.subarray(0, await readFully(file, bytes, 0)));
    if (index !== undefined) return index;
  }
  throw new RawReadDoubt('the index of the log was left half written');
}

async function inodeAt(path: string): Promise<string | undefined> {
  try {
    return stateOf(await stat(fsPath(path), { bigint: true })).stamp.inode;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(path, error);
  }
}
