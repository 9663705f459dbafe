import { expect, test } from 'vitest';
import { decodeLargeTree, LargeTree } from './large-tree.ts';
import type { Node } from './node.ts';
import { decodeTree, encodeTree } from './tree.ts';

const TIME = '2026-01-02T03:04:05.678Z';

function node(name: string, subtree?: string): Node {
  const times = { mtime: TIME, atime: TIME, ctime: TIME };
  const common: Node = { name, type: 'file', mode: 420, ...times, uid: 0, gid: 0, content: [] };
  return subtree === undefined ? common : { ...common, type: 'dir', content: null, subtree };
}

function inPieces(bytes: Uint8Array) {
  return {
    *pieces() {
      for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
    },
  };
}

test('the nodes come one by one, as often as they are asked for; count and subtrees are known', () => {
  const ids = ['ab'.repeat(32), 'cd'.repeat(32)];
  const nodes = Array.from({ length: 50 }, (_, n) => node(`n${100 + n}`, ids[n - 20]));
  const bytes = encodeTree(nodes);
  const tree = decodeLargeTree(inPieces(bytes));
  expect(tree).toBeInstanceOf(LargeTree);
  expect((tree as LargeTree).subtrees).toEqual(ids);
  expect(tree.length).toBe(50);
  for (const _ of [1, 2]) expect([...tree]).toEqual(decodeTree(bytes));
  const [a, b] = [tree[Symbol.iterator](), tree[Symbol.iterator]()];
  expect([a.next().value?.name, b.next().value?.name, a.next().value?.name]).toEqual([
    'n100',
    'n100',
    'n101',
  ]);
});

function raw(...names: string[]): Uint8Array {
  const texts = names.map((name) =>
    Buffer.from(encodeTree([node(name)]))
      .toString()
      .slice(10, -3),
  );
  return Buffer.from(`{"nodes":[${texts.join(',')}]}\n`);
}

test('an old tree out of order is put in order, the same name twice is refused', () => {
  const nodes = decodeLargeTree(inPieces(raw('a', 'c', 'b', 'd')));
  expect(Array.from(nodes, ({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  for (const names of [
    ['a', 'b', 'b'],
    ['b', 'a', 'b'],
  ]) {
    expect(() => decodeLargeTree(inPieces(raw(...names)))).toThrow(
      expect.objectContaining({ code: 'TREE_NAME_TWICE' }),
    );
  }
});

test('a tree that is broken anywhere gives no node at all', () => {
  const names = Array.from({ length: 40 }, (_, n) => `n${100 + n}`);
  const last = Buffer.from(raw(...names)).toString();
  for (const [from, to, code] of [
    ['"n139"', '"../n139"', 'TREE_NAME_UNSAFE'],
    ['"uid":0,"gid":0,"content":[]}]}', '"uid":-1,"gid":0,"content":[]}]}', 'TREE_MALFORMED'],
    ['}]}\n', '}]', 'TREE_MALFORMED'],
  ] as const) {
    expect(last).toContain(from);
    expect(() => decodeLargeTree(inPieces(Buffer.from(last.replace(from, to))))).toThrow(
      expect.objectContaining({ code }),
    );
  }
});
