import type { EntryStats } from './entry-stats.ts';

const STATS_FIELDS = [
  'dev',
  'ino',
  'mode',
  'nlink',
  'uid',
  'gid',
  'rdev',
  'size',
  'mtimeNs',
  'ctimeNs',
] as const;
const CTIME = STATS_FIELDS.indexOf('ctimeNs');
const NS_PER_MS = 1_000_000n;

/**
 * What was seen of regular files, 80 bytes each: as objects they would be moved from one space of
 * the collector to the next, which takes longer than looking again.
 */
export class FileStatsList {
  readonly #numbers: BigInt64Array;
  #length = 0;

  constructor(capacity: number) {
    this.#numbers = new BigInt64Array(capacity * STATS_FIELDS.length);
  }

  get length(): number {
    return this.#length;
  }

  /** Returns where it is. */
  add(stats: EntryStats): number {
    const start = this.#length * STATS_FIELDS.length;
    for (let at = 0; at < STATS_FIELDS.length; at += 1) {
      const field = STATS_FIELDS[at];
      if (field !== undefined) this.#numbers[start + at] = stats[field];
    }
    this.#length += 1;
    return this.#length - 1;
  }

  /** The numbers of all that were added, good until the next is; the list is empty then. */
  take(): Uint8Array {
    const sizeBytes = this.#length * STATS_FIELDS.length * BigInt64Array.BYTES_PER_ELEMENT;
    this.#length = 0;
    return new Uint8Array(this.#numbers.buffer, 0, sizeBytes);
  }

  /** Whether anything of the file changed since then. */
  isChangedSince(index: number, timeNs: bigint): boolean {
    return (this.#numbers[index * STATS_FIELDS.length + CTIME] ?? 0n) >= timeNs;
  }

  at(index: number): EntryStats {
    return new FileStats(this.#numbers, index * STATS_FIELDS.length);
  }
}

class FileStats implements EntryStats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
  readonly nlink: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly rdev: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;

  constructor(numbers: BigInt64Array, start: number) {
    this.dev = numbers[start] ?? 0n;
    this.ino = numbers[start + 1] ?? 0n;
    this.mode = numbers[start + 2] ?? 0n;
    this.nlink = numbers[start + 3] ?? 0n;
    this.uid = numbers[start + 4] ?? 0n;
    this.gid = numbers[start + 5] ?? 0n;
    this.rdev = numbers[start + 6] ?? 0n;
    this.size = numbers[start + 7] ?? 0n;
    this.mtimeNs = numbers[start + 8] ?? 0n;
    this.ctimeNs = numbers[start + 9] ?? 0n;
  }

  get ctimeMs(): bigint {
    return this.ctimeNs / NS_PER_MS;
  }

  isFile(): boolean {
    return true;
  }

  isDirectory(): boolean {
    return false;
  }

  isSocket(): boolean {
    return false;
  }

  isSymbolicLink(): boolean {
    return false;
  }
}
