/** Makes the node of a file that has to be read, in the shortest of several ways. */
import { Semaphore } from '../base/concurrency.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import { isDatabaseLeaf } from '../source/database-leaf.ts';
import type { Leaf } from '../source/source.ts';
import type { ArchivePassOptions } from './archive-pass-options.ts';
import { saveContent } from './save-content.ts';
import { SmallFiles } from './small-files.ts';

type Count = (path: string, node: Node, previous: Node | undefined, unmodified: boolean) => void;

export class LeafReader {
  readonly #options: ArchivePassOptions;
  readonly #count: Count;
  readonly #readers: Semaphore;
  readonly #oneDatabase = new Semaphore(1);
  readonly #smallFiles: SmallFiles | undefined;

  constructor(options: ArchivePassOptions, count: Count) {
    this.#options = options;
    this.#count = count;
    this.#readers = new Semaphore(options.readers);
    const { clock, counts, onBytes } = options;
    const sealing = options.store.fileSealing;
    if (sealing !== undefined)
      this.#smallFiles = new SmallFiles({ sealing, clock, counts, onBytes });
  }

  /** Resolves when there is room for another. */
  ready(): Promise<void> | undefined {
    return this.#smallFiles?.ready();
  }

  /** When no other comes. */
  end(): void {
    this.#smallFiles?.end();
  }

  /** `undefined`: it vanished, could not be read, or is a database to be left out. */
  async read(leaf: Leaf, previous: Node | undefined): Promise<Node | undefined> {
    const small = await this.#smallFiles?.save(leaf);
    if (small?.kind === 'saved') {
      const node = { ...leaf.node, content: small.content };
      this.#count(leaf.path, node, previous, false);
      return node;
    }
    if (small?.kind === 'database' || isDatabaseLeaf(leaf)) {
      return this.placeDatabase(leaf, previous);
    }
    return this.#readAtLength(leaf, previous);
  }

  /** One after the other: capturing one takes room in memory and in scratch. */
  placeDatabase(leaf: Leaf, previous: Node | undefined): Promise<Node | undefined> {
    return this.#oneDatabase.run(async () => {
      const node = await this.#options.database(leaf, previous);
      if (node === undefined) return undefined;
      if (node.content !== null) {
        this.#count(leaf.path, node, previous, sameContent(previous, node));
      }
      return node;
    });
  }

  async #readAtLength(leaf: Leaf, previous: Node | undefined): Promise<Node | undefined> {
    const { store, clock, counts, onProblem, onBytes, signal, keepMissed } = this.#options;
    const { path } = leaf;
    assertInternal(leaf.read, `${path} has nothing to read`);
    const problems: unknown[] = [];
    const onFileProblem = (error: unknown) => problems.push(error);
    const readers = this.#readers;
    const saved = await saveContent(
      { path, reading: leaf.read() },
      { store, clock, counts, signal, readers, onBytes, onProblem: onFileProblem },
    );
    // Gone or unreadable by now, but read whole in the first pass: that is kept.
    if (saved === undefined && previous !== undefined) {
      const kept = await keepMissed?.(previous, path);
      if (kept !== undefined) {
        this.#count(path, kept, kept, true);
        return kept;
      }
    }
    for (const error of problems) onProblem(path, error);
    if (saved !== undefined) this.#count(path, saved, previous, false);
    return saved;
  }
}

/** Reading tells what is wrong with a file that cannot be looked into. */
export function isPlain({ looksLikeDatabase }: Leaf): boolean {
  try {
    return looksLikeDatabase?.() !== true;
  } catch {
    return false;
  }
}

function sameContent(previous: Node | undefined, node: Node): boolean {
  const a = previous?.content;
  const b = node.content;
  return a?.length === b?.length && a?.every((id, at) => id === b?.[at]) === true;
}
