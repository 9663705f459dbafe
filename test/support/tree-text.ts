import { isKeepsakeError } from '../../src/base/errors/keepsake-error.ts';
import type { Node } from '../../src/format/node.ts';
import { decodeTree, encodeTree } from '../../src/format/tree.ts';

export function treeText(nodes: Iterable<Node>): string {
  return Buffer.from(encodeTree(nodes)).toString();
}

/** Of the error with which a tree is refused, or `decoded`. */
export function treeCode(bytes: Uint8Array): string {
  try {
    decodeTree(bytes);
  } catch (error) {
    if (isKeepsakeError(error)) return error.code;
    throw error;
  }
  return 'decoded';
}
