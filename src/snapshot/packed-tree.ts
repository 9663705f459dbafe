/**
 * A tree in as little memory as it can be: the listing of a folder of 200,000 files is 80 MB of
 * text. It is built and read node by node, and what is more than a few megabytes of it is held
 * compressed, or on the disk.
 */
import { createHash } from 'node:crypto';
import { concatBytes } from '../base/bytes.ts';
import { compress, decompressInto } from '../format/compression.ts';
import { LARGE_TREE_BYTES } from '../format/large-tree.ts';
import type { Node, NodeList } from '../format/node.ts';
import { decodeTreePieces, TreeEncoder, treeNames } from '../format/tree.ts';
import type { KeptBytes, TreeScratch } from './tree-scratch.ts';

interface Piece {
  readonly bytes: KeptBytes;
  readonly sizeBytes: number;
  readonly isPacked: boolean;
}

export class PackedTree implements NodeList {
  readonly id: string;
  readonly sizeBytes: number;
  readonly length: number;
  /** Ids of the trees it names. */
  readonly subtrees: readonly string[];
  #pieces: readonly Piece[];

  constructor(
    { id, length, subtrees }: { id: string; length: number; subtrees: readonly string[] },
    pieces: readonly Piece[],
  ) {
    this.id = id;
    this.length = length;
    this.subtrees = subtrees;
    this.sizeBytes = pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#pieces = pieces;
  }

  /** For keeping it: all of it is compressed. */
  pack(scratch?: TreeScratch): this {
    this.#pieces = this.#pieces.map((piece) => packed(piece, scratch));
    return this;
  }

  bytes(): Uint8Array {
    return concatBytes([...this.pieces()]);
  }

  *pieces(): Generator<Uint8Array> {
    for (const piece of this.#pieces) yield unpacked(piece, new Uint8Array(piece.sizeBytes));
  }

  [Symbol.iterator](): Iterator<Node> {
    return decodeTreePieces(this.#views());
  }

  names(): Iterable<string> {
    return treeNames(this.#views());
  }

  /** Each is overwritten by the next: the collector would let a dozen megabytes of them gather. */
  *#views(): Generator<Uint8Array> {
    const room = new Uint8Array(Math.max(0, ...this.#pieces.map(({ sizeBytes }) => sizeBytes)));
    for (const piece of this.#pieces) yield unpacked(piece, room.subarray(0, piece.sizeBytes));
  }
}

export class PackedTreeBuilder {
  readonly #encoder = new TreeEncoder((bytes) => this.#take(bytes));
  readonly #hash = createHash('sha256');
  readonly #subtrees: string[] = [];
  readonly #pieces: Piece[] = [];
  readonly #scratch: TreeScratch | undefined;
  #sizeBytes = 0;
  #length = 0;

  /** @param scratch for what is not held in memory */
  constructor(scratch?: TreeScratch) {
    this.#scratch = scratch;
  }

  /** Names must come in the order of their bytes, each once. */
  add(node: Node): void {
    if (node.subtree !== undefined) this.#subtrees.push(node.subtree);
    this.#encoder.add(node);
    this.#length += 1;
  }

  /** To be called once. */
  finish(): PackedTree {
    this.#encoder.finish();
    const id = this.#hash.digest('hex');
    return new PackedTree({ id, length: this.#length, subtrees: this.#subtrees }, this.#pieces);
  }

  /** All but the last are packed after the first time. */
  #packAll(): void {
    for (let at = this.#pieces.length - 1; at >= 0; at -= 1) {
      const piece = this.#pieces[at];
      if (piece === undefined || piece.isPacked) return;
      this.#pieces[at] = packed(piece, this.#scratch);
    }
  }

  #take(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#pieces.push({ bytes: () => bytes, sizeBytes: bytes.length, isPacked: false });
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > LARGE_TREE_BYTES) this.#packAll();
  }
}

function packed(piece: Piece, scratch: TreeScratch | undefined): Piece {
  if (piece.isPacked) return piece;
  const bytes = compress(piece.bytes(), 'fastest');
  return { ...piece, bytes: scratch?.keep(bytes) ?? (() => bytes), isPacked: true };
}

/** @param room of its size */
function unpacked({ bytes, isPacked }: Piece, room: Uint8Array): Uint8Array {
  if (!isPacked) return bytes();
  decompressInto(room, bytes(), 'a draft tree');
  return room;
}
