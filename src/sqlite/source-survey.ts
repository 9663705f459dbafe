/** What lies in the source folder, seen by plain `stat` and the first 100 bytes of the database. */
import type { BigIntStats } from 'node:fs';
import { open, realpath, stat, type FileHandle } from 'node:fs/promises';
import { asBuffer } from '../base/bytes.ts';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeRawName, fsPath } from '../base/raw-name.ts';
import {
  DATABASE_HEADER_BYTES,
  decodeDatabaseHeader,
  type DatabaseHeader,
} from './database-file.ts';

const RANDOM_SAMPLE_BYTES = 4096;
const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;

/** What changes with each write; numbers of 64 bits as text. */
export interface FileStamp {
  readonly inode: string;
  readonly sizeBytes: number;
  readonly mtimeNs: string;
  readonly ctimeNs: string;
}

/** Equal states of a file before and after a copy mean that nobody wrote to it meanwhile. */
export interface FileState {
  readonly sizeBytes: number;
  readonly identity: string;
  /** As `identity` without the ctime, which a change of owner or rights also moves. */
  readonly writes: string;
  readonly stamp: FileStamp;
  /** The later of mtime and ctime, milliseconds since 1970. */
  readonly changedAtMs: number;
  readonly writtenAtMs: number;
  /** The file system keeps whole seconds only (FAT, some FUSE ones). */
  readonly coarseTimes: boolean;
}

export interface SourceSurvey {
  /** Absolute, links resolved: SQLite puts its files beside the real one. */
  readonly path: string;
  readonly main: FileState;
  readonly wal: FileState | undefined;
  readonly shm: FileState | undefined;
  readonly journal: FileState | undefined;
  /** `undefined` for an empty main file whose content is all in the WAL. */
  readonly header: DatabaseHeader | undefined;
}

/**
 * Throws `DATABASE_MISSING`, `DATABASE_UNREADABLE`, `DATABASE_EMPTY` or `DATABASE_NOT_SQLITE`.
 * Must not run in a process that has the database open in SQLite.
 */
export async function surveySource(path: string): Promise<SourceSurvey> {
  const realPath = await resolvePath(path);
  const main = await readState(realPath);
  if (main === undefined) throw new KeepsakeError('DATABASE_MISSING', { path });
  const [wal, shm, journal] = [
    await readState(`${realPath}-wal`),
    await readState(`${realPath}-shm`),
    await readState(`${realPath}-journal`),
  ];
  const header = await readSourceHeader(realPath, main, wal);
  return { path: realPath, main, wal, shm, journal, header };
}

/** `undefined` when there is no such file. */
export async function readState(path: string): Promise<FileState | undefined> {
  try {
    const found = await stat(fsPath(path), { bigint: true });
    if (!found.isFile()) throw new Error('it is not a regular file');
    return stateOf(found);
  } catch (error) {
    if (isMissing(error) || isTooLong(error)) return undefined;
    throw unreadable(path, error);
  }
}

/** As the name of a sidecar may be, where the database's own is not: then no such file can exist. */
function isTooLong(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENAMETOOLONG';
}

export function stateOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileState {
  const changedAtNs = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  return {
    sizeBytes: Number(size),
    identity: [dev, ino, size, mtimeNs, ctimeNs].join(' '),
    writes: [dev, ino, size, mtimeNs].join(' '),
    stamp: {
      inode: String(ino),
      sizeBytes: Number(size),
      mtimeNs: String(mtimeNs),
      ctimeNs: String(ctimeNs),
    },
    changedAtMs: Number(changedAtNs / NS_PER_MS),
    writtenAtMs: Number(mtimeNs / NS_PER_MS),
    coarseTimes: mtimeNs % NS_PER_SECOND === 0n && ctimeNs % NS_PER_SECOND === 0n,
  };
}

async function resolvePath(path: string): Promise<string> {
  try {
    return decodeRawName(await realpath(fsPath(path), { encoding: 'buffer' }));
  } catch (error) {
    if (isMissing(error)) throw new KeepsakeError('DATABASE_MISSING', { path }, { cause: error });
    throw unreadable(path, error);
  }
}

async function readSourceHeader(
  path: string,
  main: FileState,
  wal: FileState | undefined,
): Promise<DatabaseHeader | undefined> {
  if (main.sizeBytes === 0) {
    if (wal === undefined || wal.sizeBytes === 0)
      throw new KeepsakeError('DATABASE_EMPTY', { path });
    return undefined;
  }
  const bytes = await readFirstBytes(path);
  const header = decodeDatabaseHeader(bytes.subarray(0, DATABASE_HEADER_BYTES));
  if (header !== undefined) return header;
  throw new KeepsakeError('DATABASE_NOT_SQLITE', { path, maybeEncrypted: looksRandom(bytes) });
}

async function readFirstBytes(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(fsPath(path), 'r');
    const bytes = new Uint8Array(RANDOM_SAMPLE_BYTES);
    const { bytesRead } = await file.read(bytes);
    return bytes.subarray(0, bytesRead);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * Encrypted pages use all 256 byte values about equally: in 4096 random bytes no value comes more
 * than 40 times (16 ± 4 expected), in text, images and archives' headers many do.
 */
function looksRandom(bytes: Uint8Array): boolean {
  if (bytes.length < 512) return false;
  const counts = new Uint32Array(256);
  for (const byte of asBuffer(bytes)) counts[byte] = (counts[byte] ?? 0) + 1;
  const expected = bytes.length / 256;
  return Math.max(...counts) < expected + 6 * Math.sqrt(expected) + 1;
}

export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export function unreadable(path: string, cause: unknown): KeepsakeError {
  return new KeepsakeError(
    'DATABASE_UNREADABLE',
    { path, reason: describeCause(cause) },
    { cause },
  );
}

/** For reading; `undefined`: there is no such file any more. */
export async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(fsPath(path), 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(path, error);
  }
}
