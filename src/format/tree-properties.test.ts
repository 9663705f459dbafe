/** Of trees of any nodes, and of any text. */
import { expect, test } from 'vitest';
import { treeCode, treeText } from '../../test/support/tree-text.ts';
import fc from 'fast-check';
import { compareRawNames, decodeRawName } from '../base/raw-name.ts';
import { timeFromNs } from './go-time.ts';
import type { Node } from './node.ts';
import { decodeTree, encodeTree } from './tree.ts';

const asciiName = fc.stringMatching(/^[ -.0-~]{1,8}$/);
const rawName = fc
  .oneof(asciiName, fc.uint8Array({ minLength: 1, maxLength: 10 }).map(decodeRawName))
  .filter((name) => !/[/\0]/.test(name) && name !== '.' && name !== '..');
const uint64 = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
const time = fc.bigInt({ min: -(10n ** 18n), max: 4n * 10n ** 18n }).map(timeFromNs);
const plain = fc.oneof(
  asciiName,
  fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).map((s) => s.toWellFormed()),
);
const id = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((b) => Buffer.from(b).toString('hex'));
const anyNode: fc.Arbitrary<Node> = fc
  .record(
    {
      name: rawName,
      type: fc.constantFrom('file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket'),
      mode: fc.nat({ max: 0xffffffff }),
      mtime: time,
      atime: time,
      ctime: time,
      uid: fc.nat({ max: 0xffffffff }),
      gid: fc.nat({ max: 0xffffffff }),
      content: fc.option(fc.array(id, { maxLength: 3 })),
      user: plain,
      group: plain,
      inode: uint64,
      deviceId: uint64,
      size: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      links: fc.integer({ min: 1, max: 1e6 }),
      linkTarget: rawName,
      extendedAttributes: fc.array(
        fc.record({
          name: plain,
          value: fc.uint8Array({ maxLength: 5 }).map((b) => Buffer.from(b)),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      device: uint64,
      subtree: id,
      error: plain,
    },
    {
      requiredKeys: ['name', 'type', 'mode', 'mtime', 'atime', 'ctime', 'uid', 'gid', 'content'],
    },
  )
  .map((node) => node as Node);

test('any nodes survive, and their bytes too', () => {
  const unique = { selector: (node: Node) => node.name, maxLength: 6 };
  fc.assert(
    fc.property(fc.uniqueArray(anyNode, unique), (nodes) => {
      const sorted = [...nodes].sort((a, b) => compareRawNames(a.name, b.name));
      const bytes = encodeTree(sorted);
      const decoded = decodeTree(bytes);
      expect(decoded).toEqual(sorted.map((node) => ({ ...node })));
      expect(encodeTree(decoded.map((node) => ({ ...node })))).toEqual(bytes);
    }),
  );
});

test('whatever text of a node is accepted, it is written again byte for byte', () => {
  const pieces = [
    '',
    ' ',
    '0',
    '<',
    'é',
    '\\',
    '\\n',
    '\\\\x41',
    'null',
    ',',
    ':0',
    '{}',
    '""',
    'Z',
  ];
  const extra = ['', ',"error":""', ',"links":0', ',"subtree":null', ',"uid":5', ',"later":[1]'];
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.constantFrom(0, 0, 0, 1, 5),
    piece: fc.oneof(fc.constant(''), fc.constantFrom(...pieces)),
    end: fc.constantFrom(...extra),
  });
  let accepted = 0;
  fc.assert(
    fc.property(anyNode, change, (node, { at, cut, piece, end }) => {
      const whole = treeText([node]).slice('{"nodes":['.length, -'}]}\n'.length);
      const joints = [...whole.matchAll(/[,:"\d]/g)].map(({ index }) => index);
      const place = joints[Math.floor(at * joints.length * 0.999)] ?? 0;
      const changed = whole.slice(0, place) + piece + whole.slice(place + cut) + end;
      const bytes = Buffer.from(`{"nodes":[${changed}}]}\n`);
      if (treeCode(bytes) !== 'decoded') return;
      const nodes = decodeTree(bytes);
      // White space around a node belongs to the tree, which is always written without.
      if (nodes.length === 1)
        expect(treeText(nodes).trim()).toBe(bytes.toString().replace('[ {', '[{').trim());
      accepted += 1;
    }),
    { numRuns: 2000 },
  );
  expect(accepted).toBeGreaterThan(100);
});
