/**
 * Looks at files before anybody asks, while the key is derived by other threads and this one has
 * nothing to do. Whoever uses it counts its walk as begun when the looking ahead began.
 */
import { joinPath } from '../base/raw-path.ts';
import { lstatSync, statSync, type BigIntStats } from 'node:fs';
import { nextTurn } from '../base/concurrency.ts';
import { fsPath } from '../base/raw-name.ts';
import type { EntryStats } from './entry-stats.ts';
import { FileStatsList } from './file-stats-list.ts';
import { FolderLooker, type FolderLook } from './folder-look.ts';
import { listNames } from './list-folder.ts';
import { normalizePath } from './path-targets.ts';
import type { WalkOptions } from './walk.ts';

/** Some 5 MB with their paths. */
const MOST_FILES = 20_000;
const FILES_PER_TURN = 64;

type LookAheadOptions = Pick<WalkOptions, 'paths' | 'exclude' | 'oneFileSystem' | 'follow'> & {
  /** For looks at whole folders, see `FolderLooker`. */
  readonly setup?: string | undefined;
};

export class LookAhead {
  readonly #places = new Map<string, number>();
  readonly #folders = new Map<string, FolderLook>();
  #stats: FileStatsList | undefined;
  #isEnded = false;

  /** Looks until there is no more, or enough, or `end` is called. What cannot be read is left out. */
  async run(options: LookAheadOptions): Promise<void> {
    const list = (this.#stats = new FileStatsList(MOST_FILES));
    let count = 0;
    for (const { path, stats, folder } of looksAt(options)) {
      if (folder !== undefined) this.#folders.set(path, folder);
      if (this.#isEnded || list.length === MOST_FILES) return;
      if (stats !== undefined) this.#places.set(path, list.add(stats));
      count += 1;
      if (count % FILES_PER_TURN === 0) await nextTurn();
    }
  }

  /** What was seen stays at hand. */
  end(): void {
    this.#isEnded = true;
  }

  /** What was seen of a regular file, once. */
  take(path: string): EntryStats | undefined {
    const place = this.#places.get(path);
    if (place === undefined) return undefined;
    this.#places.delete(path);
    return this.#stats?.at(place);
  }

  /** Regular files of which anything changed since then, of those that were seen. */
  *changedSince(timeNs: bigint): Generator<string> {
    for (const [path, place] of this.#places) {
      if (this.#stats?.isChangedSince(place, timeNs) === true) yield path;
    }
  }

  /** What all files of a folder were seen to be, if it holds nothing else. */
  folder(path: string): FolderLook | undefined {
    return this.#folders.get(path);
  }

  /** Nothing that was seen counts any more. */
  forget(): void {
    this.end();
    this.#places.clear();
    this.#folders.clear();
    this.#stats = undefined;
  }
}

interface Look {
  readonly path: string;
  /** Of a regular file. */
  readonly stats?: BigIntStats;
  /** Of a folder, when all in it was looked at. */
  readonly folder?: FolderLook | undefined;
}

/** A folder that is not yet looked into. */
interface Folder {
  readonly path: string;
  readonly stats: BigIntStats;
}

function* looksAt(options: LookAheadOptions): Generator<Look> {
  for (const root of options.paths.map(normalizePath)) {
    const start = look(root, options.follow?.has(root) === true);
    if (start?.isDirectory() !== true) continue;
    const open = [{ path: root, stats: start }];
    for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
      yield* looksInto(folder, options, (below) => {
        const isBeyond = options.oneFileSystem === true && below.stats.dev !== start.dev;
        if (!isBeyond) open.push(below);
      });
    }
  }
}

/** Each name, so that others get their turn; looked at is only what the walk would look at, too. */
function* looksInto(
  folder: Folder,
  { exclude, setup }: LookAheadOptions,
  onFolder: (below: Folder) => void,
): Generator<Look> {
  const looker = new FolderLooker(setup);
  for (const name of namesIn(folder)) {
    const path = joinPath(folder.path, name);
    const stats = exclude?.matches(path) === true ? undefined : look(path);
    looker.add(name, stats);
    yield stats?.isFile() === true ? { path, stats } : { path };
    if (stats?.isDirectory() === true) onFolder({ path, stats });
  }
  yield { path: folder.path, folder: looker.finish() };
}

function look(path: string, follow = false): BigIntStats | undefined {
  try {
    return follow
      ? statSync(fsPath(path), { bigint: true })
      : lstatSync(fsPath(path), { bigint: true });
  } catch {
    return undefined; // the walk tells
  }
}

function* namesIn({ path, stats }: Folder): Generator<string> {
  try {
    for (const names of listNames(path, stats.size)) yield* names;
  } catch {
    // The walk tells, or it is a file.
  }
}
