/**
 * Files that captured rows name and the first pass did not see, because they are younger. They are
 * read at once: by the time of the second pass the app may have deleted them again.
 */
import type { Clock } from '../base/clock.ts';
import { mapConcurrent, Semaphore } from '../base/concurrency.ts';
import type { Node } from '../format/node.ts';
import { isDatabaseLeaf } from '../source/database-leaf.ts';
import type { Leaf } from '../source/source.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import type { ArchiveSource } from './archive-options.ts';
import type { BlobStore } from './blob-writer.ts';
import type { NamedFiles } from './cross-check.ts';
import { saveContent } from './save-content.ts';

/** They are all young, and young files are waited for; few are read at a time. */
const FILES_AT_ONCE = 64;
const READERS = 2;

export interface NamedFileRescueOptions {
  readonly source: ArchiveSource;
  readonly store: BlobStore;
  readonly clock: Clock;
  readonly counts: ArchiveCounts;
  /** Whether the first pass stored this file. */
  readonly isStored: (folder: string, name: string) => boolean;
  readonly onFile: (path: string, node: Node) => void;
  readonly signal?: AbortSignal | undefined;
}

export class NamedFileRescue {
  readonly #options: NamedFileRescueOptions;
  readonly #readers = new Semaphore(READERS);
  /** By folder and name. */
  readonly #found = new Map<string, Map<string, Node>>();

  constructor(options: NamedFileRescueOptions) {
    this.#options = options;
  }

  /** Returns the paths that are named and are not there. */
  async rescue(named: readonly NamedFiles[]): Promise<Set<string>> {
    const { source, signal } = this.#options;
    const missing = new Set<string>();
    for (const { folder, names } of named) {
      for (const name of names) {
        if (!this.#isKnown(folder, name)) missing.add(`${folder}/${name}`);
      }
    }
    if (missing.size === 0) return missing;
    // What leads out of its folder is no file of it, and was never asked for.
    const only = [...missing].filter((path) => !/\/\.{0,2}(?:\/|$)/.test(path));
    const taken = mapConcurrent(
      source.entries({ signal, only }),
      async (entry) =>
        entry.kind === 'leaf' && (await this.#take(entry)) ? entry.path : undefined,
      { limit: FILES_AT_ONCE, signal },
    );
    for await (const path of taken) if (path !== undefined) missing.delete(path);
    return missing;
  }

  foundIn(folder: string): readonly Node[] {
    return [...(this.#found.get(folder)?.values() ?? [])];
  }

  #isKnown(folder: string, name: string): boolean {
    return this.#options.isStored(folder, name) || this.#found.get(folder)?.has(name) === true;
  }

  async #take(leaf: Leaf): Promise<boolean> {
    const { path, read } = leaf;
    if (read === undefined || isDatabaseLeaf(leaf)) return false;
    const { store, clock, counts, signal, onFile } = this.#options;
    const options = { store, clock, counts, signal, readers: this.#readers };
    // The second pass tells what is wrong with a file that is still there.
    const node = await saveContent({ path, reading: read() }, { ...options, onProblem: () => {} });
    if (node === undefined) return false;
    const folder = path.slice(0, path.lastIndexOf('/'));
    const found = this.#found.get(folder) ?? new Map<string, Node>();
    this.#found.set(folder, found.set(node.name, node));
    onFile(path, node);
    return true;
  }
}
