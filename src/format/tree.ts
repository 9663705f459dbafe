/**
 * A tree: the nodes of one folder, as JSON, ordered by the bytes of their names.
 *
 *   {"nodes":[<node>,<node>…]}\n        the newline belongs to the bytes that are hashed
 *
 * Unknown fields beside `nodes` and `"nodes":null` are read, as restic does, but not written again:
 * whoever rewrites a tree compares `encodeTree(decodeTree(bytes))` with `bytes` first.
 * Source: restic internal/data/tree.go @ a80be14, v0.14.0 internal/restic/tree.go.
 */
import { concatBytes, utf8Encode } from '../base/bytes.ts';
import { KeepsakeError, assertInternal } from '../base/errors/keepsake-error.ts';
import { compareRawNames, displayRawName } from '../base/raw-name.ts';
import type { JsonCursor } from './json-cursor.ts';
import { decodeNode } from './node-decode.ts';
import { encodeNode } from './node-encode.ts';
import { matchCommonNode, outlineCommonNode } from './node-pattern.ts';
import type { Node } from './node.ts';
import { TreeScanner } from './tree-scanner.ts';

/** Text is turned into bytes in pieces of about this many characters. */
const PIECE = 64 * 1024;

/**
 * The text a node was read from, where writing it anew would give another (older Go's escapes, a
 * field we do not know, other writers' habits). Held by identity: a changed copy is written anew.
 */
const originalText = new WeakMap<Node, string>();

const OPENING = '{"nodes":[';
const CLOSING = ']}\n';

/** Builds a tree node by node and hands its bytes over in pieces. */
export class TreeEncoder {
  readonly #take: (piece: Uint8Array) => void;
  #text = OPENING;
  #last: string | undefined;
  constructor(take: (piece: Uint8Array) => void) {
    this.#take = take;
  }

  /** Names must come in the order of their bytes, each once. */
  add(node: Node): void {
    const { name } = node;
    const ordered = this.#last === undefined || compareRawNames(this.#last, name) < 0;
    assertInternal(ordered, `tree entries out of order: "${displayRawName(name)}"`);
    if (this.#last !== undefined) this.#text += ',';
    this.#last = name;
    this.#text += originalText.get(node) ?? encodeNode(node);
    if (this.#text.length >= PIECE) this.#flush();
  }

  /** To be called once. */
  finish(): void {
    this.#text += CLOSING;
    this.#flush();
  }

  #flush(): void {
    this.#take(utf8Encode(this.#text));
    this.#text = '';
  }
}

/** Exactly the bytes restic writes. `nodes` must be ordered by their names' bytes, each once. */
export function encodeTree(nodes: Iterable<Node>): Uint8Array {
  const pieces: Uint8Array[] = [];
  const encoder = new TreeEncoder((piece) => pieces.push(piece));
  for (const node of nodes) encoder.add(node);
  encoder.finish();
  return concatBytes(pieces);
}

/**
 * The nodes, ordered by name. Throws `TREE_MALFORMED`, `TREE_NODE_INVALID`, `TREE_NAME_UNSAFE` or
 * `TREE_NAME_TWICE`.
 */
export function decodeTree(bytes: Uint8Array): Node[] {
  const scanner = new TreeScanner(readNode);
  const nodes = scanner.push(bytes);
  return inOrder([...nodes, ...scanner.finish()]);
}

/** The nodes as they stand, each when it is asked for. Throws where `decodeTree` does, but for order. */
export function decodeTreePieces(pieces: Iterable<Uint8Array>): Generator<Node> {
  return scanTree(pieces, readNode);
}

/** What is to be known of a tree before one of its nodes is used. */
export interface NodeOutline {
  readonly name: string;
  readonly subtree?: string | undefined;
}

/** As `decodeTreePieces`, in a fraction of the time. */
export function outlineTree(pieces: Iterable<Uint8Array>): Generator<NodeOutline> {
  return scanTree(pieces, readOutline);
}

/** In a fraction of the time that the nodes take. */
export function* treeNames(pieces: Iterable<Uint8Array>): Generator<string> {
  for (const { name } of outlineTree(pieces)) yield name;
}

function* scanTree<T>(pieces: Iterable<Uint8Array>, read: (cursor: JsonCursor) => T): Generator<T> {
  const scanner = new TreeScanner(read);
  for (const piece of pieces) yield* scanner.push(piece);
  yield* scanner.finish();
}

function readOutline(cursor: JsonCursor): NodeOutline {
  cursor.peek();
  const common = outlineCommonNode(cursor.text, cursor.at);
  if (common === undefined) return decodeNode(cursor);
  cursor.at = common.end;
  return common;
}

function readNode(cursor: JsonCursor): Node {
  cursor.peek();
  const start = cursor.at;
  const common = matchCommonNode(cursor.text, start);
  if (common !== undefined) {
    cursor.at = common.end;
    return common.node;
  }
  cursor.plain = true;
  const node = decodeNode(cursor);
  if (!cursor.plain) keepText(node, cursor.text.slice(start, cursor.at));
  return node;
}

function keepText(node: Node, text: string): void {
  if (encodeNode(node) !== text) originalText.set(node, text);
}

/** Old trees may be out of order, which harms nothing; the same name twice would overwrite. */
export function inOrder(nodes: Node[]): Node[] {
  let isOrdered = true;
  for (let i = 1; i < nodes.length && isOrdered; i += 1) {
    isOrdered = compareRawNames(nameAt(nodes, i - 1), nameAt(nodes, i)) < 0;
  }
  if (isOrdered) return nodes;
  nodes.sort((a, b) => compareRawNames(a.name, b.name));
  for (let i = 1; i < nodes.length; i += 1) {
    if (nameAt(nodes, i - 1) !== nameAt(nodes, i)) continue;
    throw new KeepsakeError('TREE_NAME_TWICE', { name: displayRawName(nameAt(nodes, i)) });
  }
  return nodes;
}

function nameAt(nodes: readonly Node[], index: number): string {
  return nodes[index]?.name ?? '';
}
