/**
 * Folders of many files that one look finds as they were: as the parent snapshot has them, or in
 * the second pass as the first left them. Nothing in them is walked, compared or encoded again.
 *
 * A tree stands for a look if all of its nodes were made while the look was the same before and
 * after, and every ctime had rested before the first (`restedBeforeNs`, see `known-entry.ts`).
 */
import { LargeTree, type TreeBytes } from '../format/large-tree.ts';
import type { NodeList } from '../format/node.ts';
import { treeContents } from '../format/tree-contents.ts';
import { MANY_FILES, type FolderLook } from '../source/folder-look.ts';
import { fileCountOf, type FileTally } from './archive-counts.ts';
import type { ArchiveParent, ArchiveSource } from './archive-options.ts';
import type { BlobStore } from './blob-writer.ts';
import type { ManifestLook } from './manifest.ts';

/** A folder that the walk is about to enter. */
export interface FolderStart {
  readonly path: string;
  /** The tree that the pass compares with has of it. */
  readonly tree: string | undefined;
  readonly nameCount: number;
}

/** What it holds, without a look into it. */
export interface WholeFolder {
  readonly tree: string;
  readonly nodes: NodeList;
  readonly files: FileTally;
}

/** A folder that was walked. */
export interface WalkedFolder {
  readonly path: string;
  readonly tree: string;
  readonly nodeCount: number;
  readonly files: FileTally;
}

/** For one pass. */
export interface FolderShortcut {
  /** `undefined`: it is to be walked. */
  find(folder: FolderStart): Promise<WholeFolder | undefined>;
  walked(folder: WalkedFolder): void;
}

interface Looked {
  readonly look: FolderLook;
  /** What it looks like: the draft. */
  tree?: string;
  files?: FileTally;
  /** Looked at again since, or the parent snapshot has it. */
  isProved: boolean;
}

export interface WholeFoldersOptions {
  readonly source: ArchiveSource;
  readonly store: Pick<BlobStore, 'hasBlob'>;
  readonly parent?: ArchiveParent | undefined;
  /** Files that changed later are looked at one by one. */
  readonly restedBeforeNs: bigint;
  /** Asked when the first pass has left a folder: nothing was amiss with it, and no database in it. */
  readonly isSound: (folder: string) => boolean;
}

export class WholeFolders {
  readonly #options: WholeFoldersOptions;
  readonly #known: ReadonlyMap<string, ManifestLook>;
  readonly #looked = new Map<string, Looked>();
  /** Under way since the databases were captured. */
  #again = new Map<string, Promise<FolderLook | undefined>>();

  constructor(options: WholeFoldersOptions) {
    this.#options = options;
    const { parent } = options;
    const known = parent?.hasAllAttributes === true ? parent.manifest?.wholeFolders : undefined;
    this.#known = new Map(looksIn(known).map((look) => [look.path, look]));
  }

  /** Against the parent snapshot. */
  get firstPass(): FolderShortcut {
    return {
      find: (folder) => this.#findInParent(folder),
      walked: (folder) => this.#noteDraft(folder),
    };
  }

  /** Against the draft, whose `nodes` are given for the id of a tree. */
  secondPass(nodes: (tree: string) => NodeList): FolderShortcut {
    return {
      find: async ({ path, tree }) => {
        const looked = this.#looked.get(path);
        if (tree === undefined || looked?.tree !== tree || looked.files === undefined) {
          this.#looked.delete(path);
          return undefined;
        }
        if (!(await this.#isAsBefore(path, looked))) return undefined;
        return { tree, nodes: nodes(tree), files: looked.files };
      },
      walked: ({ path }) => this.#looked.delete(path),
    };
  }

  /** For the second pass, which is to see what stands since the databases were captured: now. */
  lookAgain(): void {
    const looks = [...this.#looked.keys()].map((path) => [path, this.#look(path)] as const);
    this.#again = new Map(looks);
  }

  /** Looks again where there is no second pass. */
  async prove(): Promise<void> {
    for (const [path, looked] of this.#looked) {
      if (!looked.isProved) await this.#isAsBefore(path, looked);
    }
  }

  /** What the next backup may take over. */
  looks(): ManifestLook[] {
    return [...this.#looked].flatMap(([path, { look, tree, isProved }]) => {
      if (tree === undefined || !isProved) return [];
      return [{ path, tree, digest: look.digest }];
    });
  }

  async #isAsBefore(path: string, looked: Looked): Promise<boolean> {
    const now = await (this.#again.get(path) ?? this.#look(path));
    looked.isProved = now?.digest === looked.look.digest;
    if (!looked.isProved) this.#looked.delete(path);
    return looked.isProved;
  }

  /** Never fails: what cannot be looked at is walked, which tells. */
  #look(path: string, ahead = false): Promise<FolderLook | undefined> {
    const { source } = this.#options;
    return source.look?.(path, { ahead }) ?? Promise.resolve(undefined);
  }

  async #findInParent({ path, tree, nameCount }: FolderStart): Promise<WholeFolder | undefined> {
    if (nameCount < MANY_FILES) return undefined;
    const look = await this.#look(path, true);
    if (look === undefined || look.changedNs >= this.#options.restedBeforeNs) return undefined;
    const looked: Looked = { look, isProved: false };
    this.#looked.set(path, looked);
    const known = this.#known.get(path);
    if (known === undefined || known.tree !== tree || known.digest !== look.digest) {
      return undefined;
    }
    const bytes = await this.#options.parent?.trees.loadBytes?.(tree);
    if (bytes === undefined || !this.#areStored(bytes, look.fileCount)) return undefined;
    const { fileCount, sizeBytes } = look;
    const files = { new: 0, changed: 0, unmodified: fileCount, sizeBytes };
    Object.assign(looked, { tree, files, isProved: true });
    return { tree, nodes: new LargeTree(bytes, { length: fileCount, subtrees: [] }), files };
  }

  /** Every piece of every file, as `isUnchanged` asks of one. */
  #areStored(bytes: TreeBytes, fileCount: number): boolean {
    const { store } = this.#options;
    let count = 0;
    for (const ids of treeContents(bytes.pieces())) {
      if (!ids.every((id) => store.hasBlob('data', id))) return false;
      count += 1;
    }
    return count === fileCount;
  }

  #noteDraft({ path, tree, nodeCount, files }: WalkedFolder): void {
    const looked = this.#looked.get(path);
    if (looked === undefined) return;
    const { fileCount } = looked.look;
    const isAll = nodeCount === fileCount && fileCountOf(files) === fileCount;
    if (isAll && this.#options.isSound(path)) Object.assign(looked, { tree, files });
    else this.#looked.delete(path);
  }
}

/** Another version may have written otherwise: what is no look is none. */
function looksIn(known: unknown): ManifestLook[] {
  return Array.isArray(known) ? known.filter(isLook) : [];
}

function isLook(value: unknown): value is ManifestLook {
  if (typeof value !== 'object' || value === null) return false;
  const { path, tree, digest } = value as Record<string, unknown>;
  return [path, tree, digest].every((field) => typeof field === 'string');
}
