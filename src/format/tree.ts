/**
 * A tree: the nodes of one folder, as JSON, ordered by the bytes of their names.
 *
 *   {"nodes":[<node>,<node>…]}\n        the newline belongs to the bytes that are hashed
 *
 * Unknown fields beside `nodes` and `"nodes":null` are read, as restic does, but not written again:
 * whoever rewrites a tree compares `encodeTree(decodeTree(bytes))` with `bytes` first.
 * Source: restic internal/data/tree.go @ a80be14, v0.14.0 internal/restic/tree.go.
 */
import { concatBytes, utf8Decode, utf8Encode } from '../base/bytes.ts';
import { KeepsakeError, assertInternal } from '../base/errors/keepsake-error.ts';
import { compareRawNames, displayRawName } from '../base/raw-name.ts';
import { JsonCursor, JsonSyntaxError } from './json-cursor.ts';
import { decodeNode } from './node-decode.ts';
import { encodeNode } from './node-encode.ts';
import { matchCommonNode } from './node-pattern.ts';
import type { Node } from './node.ts';

/** Text is turned into bytes in pieces of about this many characters. */
const PIECE = 64 * 1024;

/**
 * The text a node was read from, where writing it anew would give another (older Go's escapes, a
 * field we do not know, other writers' habits). Held by identity: a changed copy is written anew.
 */
const originalText = new WeakMap<Node, string>();

const OPENING = '{"nodes":[';
const CLOSING = ']}\n';

/**
 * Builds a tree node by node and hands its bytes over in pieces. Each ends where a node does, so
 * that `decodeTreePiece` can read it alone.
 */
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

/** The nodes in one piece of a `TreeEncoder`. */
export function decodeTreePiece(piece: Uint8Array): Node[] {
  const text = utf8Decode(piece);
  const from = text.startsWith(OPENING) ? OPENING.length : text.startsWith(',') ? 1 : 0;
  const nodes = text.slice(from, text.endsWith(CLOSING) ? -CLOSING.length : undefined);
  return ordered(readTree(new JsonCursor(`${OPENING}${nodes}${CLOSING}`)));
}

/**
 * The nodes, ordered by name. Throws `TREE_MALFORMED`, `TREE_NODE_INVALID`, `TREE_NAME_UNSAFE` or
 * `TREE_NAME_TWICE`.
 */
export function decodeTree(bytes: Uint8Array): Node[] {
  const cursor = new JsonCursor(decodeText(bytes));
  try {
    return ordered(readTree(cursor));
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new KeepsakeError('TREE_MALFORMED', { offset: error.offset, what: error.message });
  }
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new KeepsakeError('TREE_MALFORMED', { offset: 0, what: 'it is not UTF-8' }, { cause });
  }
}

function readTree(cursor: JsonCursor): Node[] {
  let nodes: Node[] | undefined;
  cursor.expect('{');
  do {
    const key = cursor.string();
    cursor.expectColon();
    if (key === 'nodes' && nodes === undefined) nodes = readNodes(cursor);
    else cursor.rawValue();
  } while (cursor.takeComma());
  cursor.expect('}');
  cursor.expectEnd();
  return nodes ?? cursor.fail('the field "nodes"');
}

function readNodes(cursor: JsonCursor): Node[] {
  const nodes: Node[] = [];
  if (cursor.takeNull()) return nodes;
  cursor.expect('[');
  if (cursor.take(']')) return nodes;
  do {
    nodes.push(readNode(cursor));
  } while (cursor.takeComma());
  cursor.expect(']');
  return nodes;
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
function ordered(nodes: Node[]): Node[] {
  let inOrder = true;
  for (let i = 1; i < nodes.length && inOrder; i += 1) {
    inOrder = compareRawNames(nameAt(nodes, i - 1), nameAt(nodes, i)) < 0;
  }
  if (inOrder) return nodes;
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
