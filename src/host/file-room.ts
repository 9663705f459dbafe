/** The room that a file takes on its disk. */
import { fstatSync, ftruncateSync } from 'node:fs';
import { libc } from './load-libc.ts';

/** From <linux/falloc.h>. */
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;

/**
 * Has a file system that can do so set the room for an open file aside; its size stays. What is
 * written then costs a third less. `false` where that is not to be had, or there is too little room:
 * whether what is really written fits shows when it is written.
 */
export function preallocate(fd: number, sizeBytes: number): boolean {
  if (libc().fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, sizeBytes) === 0) return true;
  ftruncateSync(fd, fstatSync(fd).size); // a part of it may have been set aside
  return false;
}

/** Gives the room of whole pages back, if the file system can; they read as zeros all the same. */
export function punchHole(fd: number, offset: number, sizeBytes: number): void {
  libc().fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, sizeBytes);
}
