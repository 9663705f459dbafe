/**
 * Copies what a guard protects beside itself: once while the app serves, once more when it has
 * stopped, then only what is new, changed or gone.
 *
 * What counts as unchanged has the same inode, size, mtime and ctime as when it was copied, and a
 * ctime that was not fresh then: a file system's clock has steps, so that a file written twice within
 * one of them looks the same. Whatever is doubtful is copied again.
 *
 * Copies are files of their own, never hard links: a build, a migration, an app write in place. Where
 * the file system can (btrfs, XFS), they share their blocks until one side is written to.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  readlinkSync,
  symlinkSync,
  type BigIntStats,
} from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { describeCause, isKeepsakeError, KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { fsPath } from '../../base/raw-name.ts';
import { makeFifo, makeNode } from '../../host/libc.ts';
import { errnoCode } from '../../host/system-call-error.ts';
import { listFolder } from '../../source/list-folder.ts';
import { openForReading } from '../../source/open-for-reading.ts';
import { sidecarsOf } from '../../sqlite/database-file.ts';
import { removeTree } from './change-files.ts';
import { copyMetadata } from './copy-metadata.ts';
import type { SwapRoot, SwapPlanning } from './swap-units.ts';

/** More than the steps of any file system's clock. */
const FRESH_NS = 2_000_000_000n;
const TRIES = 3;
const PRIVATE_FOLDER = 0o700;

export interface CopyAsideOptions {
  readonly roots: readonly Pick<SwapRoot, 'path' | 'at' | 'old'>[];
  readonly stays: SwapPlanning['stays'];
  /** Where they really are. */
  readonly databases: readonly string[];
  readonly clock: Clock;
  readonly onProgress: (doneBytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

interface Entry {
  readonly at: string;
  readonly path: string;
  readonly to: string;
}

export class CopyAside {
  /** Bytes copied. */
  sizeBytes = 0;
  readonly #options: CopyAsideOptions;
  /** Databases and what SQLite keeps beside them. */
  readonly #databases: ReadonlySet<string>;
  /** What is certainly copied as it is. */
  readonly #copied = new Map<string, string>();
  /** Of files with several names: where the first one was copied to. */
  #links = new Map<string, string>();
  #isRunning = false;
  #changing: string[] = [];

  constructor(options: CopyAsideOptions) {
    this.#options = options;
    const { databases } = options;
    this.#databases = new Set([...databases, ...databases.flatMap(sidecarsOf)]);
  }

  /** All but the databases, as far as that can be copied while it is in use. */
  async copyRunning(): Promise<void> {
    this.#isRunning = true;
    await this.#copyAll();
  }

  /** The app has stopped: now the copy is made exact. Returns what was written to meanwhile. */
  async copyStopped(): Promise<readonly string[]> {
    this.#isRunning = false;
    this.#changing = [];
    await this.#copyAll();
    return this.#changing;
  }

  async #copyAll(): Promise<void> {
    for (const { at, path, old: to } of this.#options.roots) {
      // No link reaches from one place to another.
      this.#links = new Map();
      await mkdir(fsPath(dirname(to)), { recursive: true, mode: PRIVATE_FOLDER });
      await this.#copy({ at, path, to });
      if (!this.#options.databases.includes(at)) continue;
      const [paths, copies] = [sidecarsOf(path), sidecarsOf(to)];
      for (const [index, sidecar] of sidecarsOf(at).entries()) {
        await this.#copy({ at: sidecar, path: paths[index] ?? '', to: copies[index] ?? '' });
      }
    }
  }

  async #copy(entry: Entry): Promise<void> {
    this.#options.signal?.throwIfAborted();
    if (this.#isRunning && this.#databases.has(entry.at)) return;
    try {
      const stats = statsOf(entry.at);
      if (stats === undefined || stats.isSocket()) await this.#remove(entry);
      else if (stats.isDirectory()) await this.#copyFolder(entry, stats);
      else await this.#copyLeaf(entry, stats);
    } catch (error) {
      if (isKeepsakeError(error) || error === this.#options.signal?.reason) throw error;
      // It went while it was looked at.
      if (errnoCode(error) === 'ENOENT' && statsOf(entry.at) === undefined) {
        return await this.#remove(entry);
      }
      const details = { path: entry.at, why: describeCause(error) };
      throw new KeepsakeError('GUARD_COPY_FAILED', details, { cause: error });
    }
  }

  async #copyFolder({ at, path, to }: Entry, stats: BigIntStats): Promise<void> {
    const found = statsOf(to);
    if (found?.isDirectory() !== true) {
      await rm(fsPath(to), { force: true });
      await mkdir(fsPath(to), { mode: PRIVATE_FOLDER });
    } else chmodSync(fsPath(to), PRIVATE_FOLDER);
    const names = new Set<string>();
    for (const name of listFolder(at, stats.size)) {
      const entry = { at: join(at, name), path: join(path, name), to: join(to, name) };
      if (this.#options.stays(entry.at, entry.path)) continue;
      names.add(name);
      await this.#copy(entry);
    }
    for (const name of listFolder(to, found?.size ?? 0n)) {
      if (!names.has(name)) await this.#remove({ at: join(at, name), path, to: join(to, name) });
    }
    copyMetadata(at, to, stats);
  }

  async #copyLeaf(entry: Entry, first: BigIntStats): Promise<void> {
    let stats = first;
    for (let tries = 1; ; tries += 1) {
      const print = printOf(stats);
      const isThere = this.#copied.get(entry.at) === print && statsOf(entry.to) !== undefined;
      if (isThere) return;
      await this.#remove(entry);
      await this.#copyOne(entry, stats);
      const after = statsOf(entry.at);
      if (after === undefined) return await this.#remove(entry);
      if (printOf(after) === print) {
        if (!this.#isFresh(stats)) this.#copied.set(entry.at, print);
        return;
      }
      if (this.#isRunning) return; // the second time
      if (tries === TRIES) return void this.#changing.push(entry.at);
      stats = after;
    }
  }

  #isFresh({ ctimeNs }: BigIntStats): boolean {
    return ctimeNs > BigInt(this.#options.clock.now().getTime()) * 1_000_000n - FRESH_NS;
  }

  async #copyOne({ at, to }: Entry, stats: BigIntStats): Promise<void> {
    const inode = `${stats.dev}:${printOf(stats)}`;
    const otherName = this.#links.get(inode);
    if (otherName !== undefined) return linkSync(fsPath(otherName), fsPath(to));
    if (stats.isFile()) {
      if (!(await this.#copyContent(at, to, stats))) return;
      if (stats.nlink > 1n) this.#links.set(inode, to);
    } else if (stats.isSymbolicLink()) {
      symlinkSync(readlinkSync(fsPath(at), { encoding: 'buffer' }), fsPath(to));
    } else if (stats.isFIFO()) makeFifo(to, 0o600);
    else makeNode(to, Number(stats.mode), stats.rdev);
    copyMetadata(at, to, stats);
  }

  /** By its descriptor: what somebody puts in its place meanwhile is not followed. False: it was. */
  async #copyContent(at: string, to: string, stats: BigIntStats): Promise<boolean> {
    const fd = openForReading(at);
    try {
      const opened = fstatSync(fd, { bigint: true });
      if (opened.ino !== stats.ino || !opened.isFile()) return false;
      await copyFile(`/proc/self/fd/${fd}`, fsPath(to), constants.COPYFILE_FICLONE);
    } finally {
      closeSync(fd);
    }
    this.sizeBytes += Number(stats.size);
    this.#options.onProgress(this.sizeBytes);
    return true;
  }

  async #remove({ at, to }: Entry): Promise<void> {
    this.#copied.delete(at);
    await removeTree(to);
  }
}

function statsOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(fsPath(path), { bigint: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoCode(error) ?? '')) return undefined;
    throw error;
  }
}

function printOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}
