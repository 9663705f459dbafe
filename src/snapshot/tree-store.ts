/**
 * Where an archive pass puts its trees. The first of two passes only drafts them: they are kept
 * compressed, the large ones on the disk, and of the draft only what the second pass takes over reaches the
 * repository.
 */
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { LargeTree, LARGE_TREE_BYTES, type TreeBytes } from '../format/large-tree.ts';
import type { NodeList } from '../format/node.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import type { BlobStore } from './blob-writer.ts';
import type { PackedTree } from './packed-tree.ts';
import type { EarlierTree } from './tree-frame.ts';
import type { TreeScratch } from './tree-scratch.ts';

export interface TreeSink {
  /** Returns the tree's id. */
  saveTree(tree: PackedTree): Promise<string>;
  /** Whether it need not be saved: it is in the repository. */
  isStored(tree: EarlierTree): boolean;
}

/** Nodes of stored trees that are kept in memory for the second pass; about 10 MB. */
const MAX_KEPT_NODES = 20_000;

export class DraftTrees implements TreeSink {
  readonly #store: Pick<BlobStore, 'hasBlob'>;
  readonly #trees = new Map<string, PackedTree>();
  readonly #stored = new Map<string, NodeList>();
  readonly #scratch: TreeScratch | undefined;
  #keptNodes = 0;

  constructor(store: Pick<BlobStore, 'hasBlob'>, scratch?: TreeScratch) {
    this.#store = store;
    this.#scratch = scratch;
  }

  isStored({ id, nodes }: EarlierTree): boolean {
    if (this.#stored.has(id)) return true;
    // One that is read from its stored form takes no more than the draft it saves.
    const count = nodes instanceof LargeTree ? 0 : nodes.length;
    const isTooLarge = this.#keptNodes + count > MAX_KEPT_NODES;
    if (isTooLarge || !this.#store.hasBlob('tree', id)) return false;
    this.#stored.set(id, nodes);
    this.#keptNodes += count;
    return true;
  }

  saveTree(tree: PackedTree): Promise<string> {
    if (!this.#trees.has(tree.id)) this.#trees.set(tree.id, tree.pack(this.#scratch));
    return Promise.resolve(tree.id);
  }

  nodes(id: string): NodeList {
    return this.#stored.get(id) ?? this.#tree(id);
  }

  /** Copies a drafted tree and all below it into the repository. */
  async promote(id: string, sink: TreeSink): Promise<void> {
    for (const subtree of this.#subtrees(id)) await this.promote(subtree, sink);
    const tree = this.#trees.get(id);
    if (tree === undefined) return; // stored, before or by now
    await sink.saveTree(tree);
    this.#trees.delete(id); // what is stored needs no memory
  }

  #subtrees(id: string): readonly string[] {
    const stored = this.#stored.get(id);
    if (stored instanceof LargeTree) return stored.subtrees;
    if (stored !== undefined) return [...stored].flatMap(({ subtree }) => subtree ?? []);
    return this.#trees.get(id)?.subtrees ?? [];
  }

  #tree(id: string): PackedTree {
    const tree = this.#trees.get(id);
    assertInternal(tree, `draft tree ${id} was never saved`);
    return tree;
  }
}

export class RepositoryTrees implements TreeSink {
  readonly #store: BlobStore;
  readonly #counts: ArchiveCounts;

  constructor(store: BlobStore, counts: ArchiveCounts) {
    this.#store = store;
    this.#counts = counts;
  }

  isStored({ id }: EarlierTree): boolean {
    return this.#store.hasBlob('tree', id);
  }

  async saveTree(tree: PackedTree): Promise<string> {
    const { id, sizeBytes } = tree;
    const { isNew } = await this.#save(tree);
    if (isNew) {
      this.#counts.treeBlobs += 1;
      this.#counts.dataAdded += sizeBytes;
    }
    return id;
  }

  #save(tree: PackedTree): Promise<{ isNew: boolean }> {
    const { id, sizeBytes } = tree;
    if (sizeBytes <= LARGE_TREE_BYTES || this.#store.saveLargeBlob === undefined) {
      return this.#store.saveBlob('tree', id, tree.bytes());
    }
    return this.#store.saveLargeBlob('tree', { id, sizeBytes, pieces: () => tree.pieces() });
  }
}

/** What an archive pass compares with: the trees of the parent snapshot, or of the draft. */
export interface ParentTrees {
  load(id: string): Promise<NodeList>;
  /** For a tree of which nobody may need the nodes; `undefined` where it cannot be had. */
  loadBytes?(id: string): Promise<TreeBytes | undefined>;
}
