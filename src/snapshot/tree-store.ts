/**
 * Where an archive pass puts its trees. The first of two passes only drafts them: they are kept
 * compressed in memory, and of the draft only what the second pass takes over reaches the
 * repository.
 */
import { assertInternal } from '../base/errors/keepsake-error.ts';
import type { Node } from '../format/node.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import type { BlobStore } from './blob-writer.ts';
import { LARGE_TREE_BYTES, type PackedTree } from './packed-tree.ts';

export interface TreeSink {
  /** Returns the tree's id. */
  saveTree(tree: PackedTree): Promise<string>;
}

export class DraftTrees implements TreeSink {
  readonly #trees = new Map<string, PackedTree>();

  saveTree(tree: PackedTree): Promise<string> {
    if (!this.#trees.has(tree.id)) this.#trees.set(tree.id, tree.pack());
    return Promise.resolve(tree.id);
  }

  /** One after the other, each decoded when it is asked for. */
  nodes(id: string): Iterable<Node> {
    return this.#tree(id).nodes();
  }

  /** Copies a drafted tree and all below it into the repository. */
  async promote(id: string, sink: TreeSink): Promise<void> {
    const tree = this.#tree(id);
    for (const subtree of tree.subtrees) {
      if (this.#trees.has(subtree)) await this.promote(subtree, sink);
    }
    await sink.saveTree(tree);
    this.#trees.delete(id); // what is stored needs no memory
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
  /** In the order of their names. */
  load(id: string): Promise<Iterable<Node>>;
}
