/**
 * Where an archive pass puts its trees. The first of two passes only drafts them: they are kept
 * compressed in memory, and of the draft only what the second pass takes over reaches the
 * repository.
 */
import { createHash } from 'node:crypto';
import { toHex } from '../base/bytes.ts';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { compress, decompress } from '../format/compression.ts';
import type { Node } from '../format/node.ts';
import { decodeTree } from '../format/tree.ts';
import type { ArchiveCounts } from './archive-counts.ts';
import type { BlobStore } from './blob-writer.ts';

export interface TreeSink {
  /** Returns the tree's id. */
  saveTree(bytes: Uint8Array): Promise<string>;
}

export function treeId(bytes: Uint8Array): string {
  return toHex(createHash('sha256').update(bytes).digest());
}

export class DraftTrees implements TreeSink {
  readonly #trees = new Map<string, { packed: Uint8Array; sizeBytes: number }>();

  saveTree(bytes: Uint8Array): Promise<string> {
    const id = treeId(bytes);
    if (!this.#trees.has(id)) {
      const packed = compress(bytes, 'fastest');
      this.#trees.set(id, { packed, sizeBytes: bytes.length });
    }
    return Promise.resolve(id);
  }

  has(id: string): boolean {
    return this.#trees.has(id);
  }

  load(id: string): Uint8Array {
    const tree = this.#trees.get(id);
    assertInternal(tree, `draft tree ${id} was never saved`);
    const { packed, sizeBytes } = tree;
    return decompress(packed, { what: 'a draft tree', maxSizeBytes: sizeBytes, sizeBytes });
  }

  nodes(id: string): Promise<readonly Node[]> {
    return Promise.resolve(decodeTree(this.load(id)));
  }

  /** Copies a drafted tree and all below it into the repository. */
  async promote(id: string, sink: TreeSink): Promise<void> {
    const bytes = this.load(id);
    for (const { subtree } of decodeTree(bytes)) {
      if (subtree !== undefined && this.has(subtree)) await this.promote(subtree, sink);
    }
    await sink.saveTree(bytes);
  }
}

export class RepositoryTrees implements TreeSink {
  readonly #store: BlobStore;
  readonly #counts: ArchiveCounts;

  constructor(store: BlobStore, counts: ArchiveCounts) {
    this.#store = store;
    this.#counts = counts;
  }

  async saveTree(bytes: Uint8Array): Promise<string> {
    const id = treeId(bytes);
    const { isNew } = await this.#store.saveBlob('tree', id, bytes);
    if (isNew) {
      this.#counts.treeBlobs += 1;
      this.#counts.dataAdded += bytes.length;
    }
    return id;
  }
}

/** What an archive pass compares with: the trees of the parent snapshot, or of the draft. */
export interface ParentTrees {
  load(id: string): Promise<readonly Node[]>;
}
