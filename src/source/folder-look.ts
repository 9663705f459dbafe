/**
 * A folder of nothing but files, as `lstat` tells of all of them together: while that is the same,
 * none of them came, went or changed, and nobody need compare 17,000 files one by one.
 */
import { joinPath } from '../base/raw-path.ts';
import { createHash } from 'node:crypto';
import { lstatSync, statSync } from 'node:fs';
import { nextTurn } from '../base/concurrency.ts';
import { fsPath } from '../base/raw-name.ts';
import { groupName, userName } from '../host/accounts.ts';
import type { EntryStats } from './entry-stats.ts';
import { FileStatsList } from './file-stats-list.ts';
import { listNames } from './list-folder.ts';

export interface FolderLook {
  /** SHA-256, hex, of how the walk is set up, and of each file's name and `lstat`, in the order of the system. */
  readonly digest: string;
  readonly fileCount: number;
  /** Of all files together. */
  readonly sizeBytes: number;
  /** The newest ctime of a file. */
  readonly changedNs: bigint;
}

/** With fewer, comparing takes no time. */
export const MANY_FILES = 1000;

/** To be raised when what a walk makes of the same `lstat` is no longer the same. */
const VERSION = 'folder look 1';
const ROWS = 128;
const FILES_PER_TURN = 256;
/** No name has it. */
const SEPARATOR = '/';

/** Takes the entries of one folder in the order in which the system lists them. */
export class FolderLooker {
  readonly #hash = createHash('sha256');
  readonly #rows = new FileStatsList(ROWS);
  readonly #owners = new Set<string>();
  #names: string[] = [];
  #last: EntryStats | undefined;
  #fileCount = 0;
  #sizeBytes = 0n;
  #changedNs = 0n;
  #isPlain = true;

  /** @param setup whatever else decides what a walk makes of the folder */
  constructor(setup = '') {
    this.#hash.update(`${VERSION}\n${setup}\n`);
  }

  /** @param stats of a regular file; without them it is none, and there will be no look */
  add(name: string, stats: EntryStats | undefined): void {
    // Of two names of one file the first decides what becomes of the second.
    this.#isPlain &&= stats?.isFile() === true && stats.nlink === 1n;
    if (stats === undefined || !this.#isPlain) return;
    this.#names.push(name);
    this.#rows.add(stats);
    if (this.#rows.length === ROWS) this.#digest();
    if (stats.uid !== this.#last?.uid || stats.gid !== this.#last.gid) this.#noteOwner(stats);
    this.#last = stats;
    this.#fileCount += 1;
    this.#sizeBytes += stats.size;
    if (stats.ctimeNs > this.#changedNs) this.#changedNs = stats.ctimeNs;
  }

  /** To be called once; `undefined` where there are other entries than files, or but a few. */
  finish(): FolderLook | undefined {
    if (!this.#isPlain || this.#fileCount < MANY_FILES) return undefined;
    this.#digest();
    this.#hash.update([...this.#owners].sort().join('\n'));
    return {
      digest: this.#hash.digest('hex'),
      fileCount: this.#fileCount,
      sizeBytes: Number(this.#sizeBytes),
      changedNs: this.#changedNs,
    };
  }

  #digest(): void {
    this.#hash.update(`${this.#names.join(SEPARATOR)}\n`, 'utf16le');
    this.#hash.update(this.#rows.take());
    this.#names = [];
  }

  /** Their names stand in the snapshot, too. */
  #noteOwner({ uid, gid }: EntryStats): void {
    const user = userName(Number(uid));
    this.#owners.add(JSON.stringify([String(uid), user, String(gid), groupName(Number(gid))]));
  }
}

/** `undefined` where it is not a folder of many files alone, or cannot be read: the walk tells. */
export async function lookAtFolder(path: string, setup: string): Promise<FolderLook | undefined> {
  const looker = new FolderLooker(setup);
  let count = 0;
  try {
    for (const names of listNames(path, statSync(fsPath(path), { bigint: true }).size)) {
      for (const name of names) {
        looker.add(name, lstatSync(fsPath(joinPath(path, name)), { bigint: true }));
        count += 1;
        if (count % FILES_PER_TURN === 0) await nextTurn();
      }
    }
  } catch {
    return undefined;
  }
  return looker.finish();
}
