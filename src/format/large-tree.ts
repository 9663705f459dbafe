/**
 * A tree that is too large to be in memory, read node by node from what it is stored as. That it is
 * one, and in order, is known before its first node is given.
 */
import { compareRawNames } from '../base/raw-name.ts';
import type { Node, NodeList } from './node.ts';
import { decodeTreePieces, inOrder, outlineTree, treeNames } from './tree.ts';

/** Larger ones are never in memory whole. */
export const LARGE_TREE_BYTES = 8 << 20;

/** Gives the same bytes each time, in pieces that the next one may overwrite. */
export interface TreeBytes {
  pieces(): Iterable<Uint8Array>;
}

export class LargeTree implements NodeList {
  readonly length: number;
  /** Ids of the trees it names. */
  readonly subtrees: readonly string[];
  readonly #bytes: TreeBytes;

  constructor(bytes: TreeBytes, { length, subtrees }: { length: number; subtrees: string[] }) {
    this.#bytes = bytes;
    this.length = length;
    this.subtrees = subtrees;
  }

  [Symbol.iterator](): Iterator<Node> {
    return decodeTreePieces(this.#bytes.pieces());
  }

  names(): Iterable<string> {
    return treeNames(this.#bytes.pieces());
  }
}

/** Throws what `decodeTree` throws. An old tree out of order is put in order in memory. */
export function decodeLargeTree(bytes: TreeBytes): NodeList {
  const subtrees: string[] = [];
  let length = 0;
  let last: string | undefined;
  for (const { name, subtree } of outlineTree(bytes.pieces())) {
    if (last !== undefined && compareRawNames(last, name) >= 0) {
      return inOrder([...decodeTreePieces(bytes.pieces())]);
    }
    last = name;
    length += 1;
    if (subtree !== undefined) subtrees.push(subtree);
  }
  return new LargeTree(bytes, { length, subtrees });
}
