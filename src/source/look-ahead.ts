/**
 * Looks at files before anybody asks, while the key is derived by other threads and this one has
 * nothing to do. Whoever uses it counts its walk as begun when the looking ahead began.
 */
import { lstatSync, statSync, type BigIntStats } from 'node:fs';
import { nextTurn } from '../base/concurrency.ts';
import { fsPath } from '../base/raw-name.ts';
import type { EntryStats } from './entry-stats.ts';
import { FileStatsList } from './file-stats-list.ts';
import { listNames } from './list-folder.ts';
import { joinPath, normalizePath } from './path-targets.ts';
import type { WalkOptions } from './walk.ts';

/** Some 5 MB with their paths. */
const MOST_FILES = 20_000;
const FILES_PER_TURN = 64;

type LookAheadOptions = Pick<WalkOptions, 'paths' | 'exclude' | 'oneFileSystem' | 'follow'>;

export class LookAhead {
  readonly #places = new Map<string, number>();
  #stats: FileStatsList | undefined;
  #isEnded = false;

  /** Looks until there is no more, or enough, or `end` is called. What cannot be read is left out. */
  async run(options: LookAheadOptions): Promise<void> {
    const list = (this.#stats = new FileStatsList(MOST_FILES));
    let count = 0;
    for (const { path, stats } of filesOf(options)) {
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

  /** Nothing that was seen counts any more. */
  forget(): void {
    this.end();
    this.#places.clear();
    this.#stats = undefined;
  }
}

interface Look {
  readonly path: string;
  /** Of a regular file. */
  readonly stats?: BigIntStats;
}

/** Each name, so that others get their turn; looked at is only what the walk would look at, too. */
function* filesOf(options: LookAheadOptions): Generator<Look> {
  const { paths, exclude, oneFileSystem } = options;
  for (const root of paths.map(normalizePath)) {
    const start = look(root, options.follow?.has(root) === true);
    const open = start?.isDirectory() === true ? [{ path: root, stats: start }] : [];
    for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
      for (const name of namesIn(folder)) {
        const path = joinPath(folder.path, name);
        const stats = exclude?.matches(path) === true ? undefined : look(path);
        if (stats?.isFile() === true) {
          yield { path, stats };
          continue;
        }
        yield { path };
        const isBeyond = oneFileSystem === true && stats?.dev !== start?.dev;
        if (stats?.isDirectory() === true && !isBeyond) open.push({ path, stats });
      }
    }
  }
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

function* namesIn({ path, stats }: Required<Look>): Generator<string> {
  try {
    for (const names of listNames(path, stats.size)) yield* names;
  } catch {
    // The walk tells, or it is a file.
  }
}
