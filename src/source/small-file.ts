/**
 * The short way to read a small file: whole, at once, and only if it is from first to last just as
 * it was when the walk looked at it. Whatever else it meets, it says no, and `file-reading.ts` finds
 * out what there is to tell.
 */
import { closeSync, fstatSync, readSync } from 'node:fs';
import type { EntryStats } from './entry-stats.ts';
import { openForReading } from './open-for-reading.ts';

/** Numbers of one stamp: inode, device, size, mtime, ctime. */
export const STAMP_FIELDS = 5;

/** What changes when a file does, as numbers that are cheap to hand to another thread. */
export function writeStamp(target: BigInt64Array, at: number, stats: EntryStats): void {
  target[at] = stats.ino;
  target[at + 1] = stats.dev;
  target[at + 2] = stats.size;
  target[at + 3] = stats.mtimeNs;
  target[at + 4] = stats.ctimeNs;
}

/**
 * Whether all of the file now lies in `target`, which must have room for one byte more than its
 * size. Not to be used on a database that this process has open through SQLite.
 */
export function readAsStamped(path: string, stamp: BigInt64Array, target: Uint8Array): boolean {
  let fd: number;
  try {
    fd = openForReading(path);
  } catch {
    return false;
  }
  try {
    if (!isAsStamped(fd, stamp)) return false;
    const sizeBytes = Number(stamp[2]);
    const bytesRead = readSync(fd, target, 0, sizeBytes + 1, 0);
    return bytesRead === sizeBytes && isAsStamped(fd, stamp);
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}

const now = new BigInt64Array(STAMP_FIELDS);

function isAsStamped(fd: number, stamp: BigInt64Array): boolean {
  const stats = fstatSync(fd, { bigint: true });
  writeStamp(now, 0, stats);
  return stats.isFile() && now.every((value, at) => value === stamp[at]);
}
