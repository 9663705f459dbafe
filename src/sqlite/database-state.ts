/**
 * The state of a database's files at a capture, by which a later one knows without reading the
 * database that nothing was committed since. Kept in the manifest.
 */
import { open } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { fsPath } from '../base/raw-name.ts';
import { isMissing, readState, stateOf, type FileStamp, type FileState } from './source-survey.ts';
import { isTooYoung } from './timestamp-guard.ts';
import {
  decodeFrameHeader,
  decodeWalHeader,
  isSameChecksum,
  WAL_FRAME_HEADER_BYTES,
  WAL_HEADER_BYTES,
  type WalHeader,
} from './wal-format.ts';
import { frameOffset, readFully, scanWal, type WalEnd } from './wal-scan.ts';

export interface WalStamp extends WalEnd {
  readonly inode: string;
  readonly sequence: number;
  readonly salt1: number;
  readonly salt2: number;
}

export interface DatabaseState {
  readonly main: FileStamp;
  /** `null`: there was no `-wal`, or an empty one. */
  readonly wal: WalStamp | null;
}

/**
 * `undefined` when the main file is so young that a later write might leave its times as they are.
 * `main` was looked at while nobody could commit into it, or before that.
 */
export function provableState(
  main: FileState,
  wal: WalStamp | null,
  clock: Clock,
): DatabaseState | undefined {
  return isTooYoung(main, clock.now()) ? undefined : { main: main.stamp, wal };
}

/** Whether what a manifest holds has the shape of a state. */
export function isDatabaseState(value: unknown): value is DatabaseState {
  const { main, wal } = (value ?? {}) as {
    main?: Partial<FileStamp>;
    wal?: Partial<WalStamp> | null;
  };
  if (typeof main?.inode !== 'string' || typeof main.mtimeNs !== 'string') return false;
  if (wal === null) return true;
  return Number.isSafeInteger(wal?.frames) && typeof wal?.checksum?.second === 'number';
}

/**
 * True only when the committed state is the one `saved` was taken of. No lock is needed: the log is
 * looked at between two looks at the main file, which has not changed since `saved`.
 */
export async function isStillIn(
  saved: DatabaseState,
  path: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  // A journal may be one that must be rolled back.
  if (((await readState(`${path}-journal`))?.sizeBytes ?? 0) > 0) return false;
  if (!isSameStamp((await readState(path))?.stamp, saved.main)) return false;
  if (!(await isSameWal(saved.wal, `${path}-wal`, signal))) return false;
  return isSameStamp((await readState(path))?.stamp, saved.main);
}

export function isSameStamp(now: FileStamp | undefined, saved: FileStamp): boolean {
  return (
    now?.inode === saved.inode &&
    now.sizeBytes === saved.sizeBytes &&
    now.mtimeNs === saved.mtimeNs &&
    now.ctimeNs === saved.ctimeNs
  );
}

async function isSameWal(
  saved: WalStamp | null,
  path: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const state = await readState(path);
  if (state === undefined || state.sizeBytes === 0) return saved === null;
  if (saved === null || state.stamp.inode !== saved.inode) return false;
  try {
    await using file = await open(fsPath(path), 'r');
    const bytes = new Uint8Array(WAL_HEADER_BYTES);
    const header = decodeWalHeader(bytes.subarray(0, await readFully(file, bytes, 0)));
    if (header === undefined || !isSameGeneration(header, saved)) return false;
    if (!(await endsThere(file, header, saved))) return false;
    const { end } = await scanWal(file, header, { from: saved, signal });
    if (end.frames !== saved.frames) return false;
    return stateOf(await file.stat({ bigint: true })).stamp.inode === saved.inode;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

export function isSameGeneration({ sequence, salt1, salt2 }: WalHeader, saved: WalStamp): boolean {
  return sequence === saved.sequence && salt1 === saved.salt1 && salt2 === saved.salt2;
}

/** The running checksum of the saved last frame vouches for all frames before it. */
export async function endsThere(
  file: Awaited<ReturnType<typeof open>>,
  header: WalHeader,
  { frames, checksum, salt1, salt2 }: WalStamp,
): Promise<boolean> {
  if (frames === 0) return isSameChecksum(header.checksum, checksum);
  const bytes = new Uint8Array(WAL_FRAME_HEADER_BYTES);
  const filled = await readFully(file, bytes, frameOffset(frames - 1, header.pageSize));
  if (filled < bytes.length) return false;
  const frame = decodeFrameHeader(bytes);
  return frame.salt1 === salt1 && frame.salt2 === salt2 && isSameChecksum(frame.checksum, checksum);
}
