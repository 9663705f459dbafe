import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeNode } from '../../test/support/tree-builder.ts';
import type { Node } from './node.ts';
import { treeContents } from './tree-contents.ts';
import { encodeTree } from './tree.ts';

const id = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
/** Names that look like what is searched for. */
const prefix = fc.constantFrom(
  '"content":["',
  '"content":[',
  'content":[',
  '\\"content\\":[',
  ']',
  'a',
);
const content = fc.option(fc.array(id, { maxLength: 3 }));
const S_IFREG = 0o100000;

const someNodes: fc.Arbitrary<Node[]> = fc
  .array(fc.record({ prefix, content }), { maxLength: 12 })
  .map((entries) =>
    entries
      .map(({ prefix: start, content: ids }, at) =>
        makeNode(`${start}${String(at).padStart(2, '0')}`, S_IFREG, { content: ids }),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  );

function* inPieces(bytes: Uint8Array, pieceBytes: number): Generator<Uint8Array> {
  const room = new Uint8Array(pieceBytes);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    room.set(piece);
    yield room.subarray(0, piece.length);
    room.fill(0); // the next may overwrite it
  }
}

test('the blobs of every file are found, wherever the pieces of the tree end', () => {
  fc.assert(
    fc.property(someNodes, fc.integer({ min: 1, max: 400 }), (nodes, pieceBytes) => {
      const found = [...treeContents(inPieces(encodeTree(nodes), pieceBytes))];
      const lists = nodes.flatMap(({ content: ids }) => (ids === null ? [] : [ids]));
      expect(found).toEqual(lists);
    }),
  );
});
