import type { BigIntStats } from 'node:fs';

/** What is used of an entry's `lstat`. */
export type EntryStats = Pick<
  BigIntStats,
  'dev' | 'ino' | 'mode' | 'nlink' | 'uid' | 'gid' | 'rdev' | 'size'
> &
  Pick<BigIntStats, 'mtimeNs' | 'ctimeNs' | 'ctimeMs'> &
  Pick<BigIntStats, 'isFile' | 'isDirectory' | 'isSocket' | 'isSymbolicLink'>;
