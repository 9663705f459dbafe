import { expect, test } from 'vitest';
import fc from 'fast-check';
import { timeFromNs } from './go-time.ts';
import { JsonCursor } from './json-cursor.ts';
import { decodeNode } from './node-decode.ts';
import { encodeNode } from './node-encode.ts';
import { matchCommonNode } from './node-pattern.ts';
import type { Node } from './node.ts';

const ID = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';
const TIME = '2026-11-23T08:15:30.123456789Z';
const upload: Node = {
  name: 'a b_(1).webp',
  type: 'file',
  mode: 420,
  mtime: TIME,
  atime: TIME,
  ctime: '2026-11-23T08:15:30Z',
  uid: 0,
  gid: 1000,
  content: [ID, ID],
  user: 'wishlist',
  group: 'users',
  inode: 2_285_562n,
  deviceId: 65_024n,
  size: 9123,
  links: 2,
};

test.each<Node>([
  upload,
  { ...upload, content: [] },
  { ...upload, type: 'dir', mode: 2_147_484_141, content: null, subtree: ID },
  { ...upload, type: 'symlink', mode: 134_218_239, content: null, linkTarget: '../a' },
])('a common node is read by the pattern alone: %#', (node) => {
  const text = encodeNode(node);
  expect(matchCommonNode(`[${text},`, 1)).toEqual({ node, end: text.length + 1 });
});

test.each<Partial<Node>>([
  { name: 'größe' },
  { name: '<a>' },
  { name: 'a\\' },
  { name: '.' },
  { name: '..' },
  { name: 'a/b' },
  { mode: 0 },
  { mode: 4_294_967_296 },
  { inode: 2n ** 60n },
  { error: 'x' },
  { mtime: '2026-11-23T08:15:30+01:00' },
  { extendedAttributes: [{ name: 'a', value: new Uint8Array(0) }] },
  { content: Array.from({ length: 62 }, () => ID) },
])('whatever needs a closer look is left to the other reader: %#', (change) => {
  expect(matchCommonNode(encodeNode({ ...upload, ...change }), 0)).toBe(undefined);
});

test('both readers agree on every common node', () => {
  const text = fc.oneof(fc.stringMatching(/^[a-z .-]{1,8}$/), fc.stringMatching(/^[ -~]{1,8}$/));
  const count = fc.bigInt({ min: 1n, max: 2n ** 51n });
  const time = fc.bigInt({ min: 0n, max: 4n * 10n ** 18n }).map(timeFromNs);
  const changes = fc.record(
    {
      name: text,
      type: fc.constantFrom('file' as const, 'dir' as const, 'symlink' as const),
      mode: fc.nat({ max: 0xffffffff }),
      mtime: time,
      uid: fc.nat({ max: 1_100_000_000 }),
      content: fc.option(fc.array(fc.constant(ID), { maxLength: 3 })),
      user: text,
      inode: count,
      deviceId: count,
      size: fc.nat(),
      linkTarget: text,
      subtree: fc.constant(ID),
    },
    { requiredKeys: [] },
  );
  let matched = 0;
  fc.assert(
    fc.property(changes, (change) => {
      const json = encodeNode({ ...upload, ...change });
      const common = matchCommonNode(json, 0);
      if (common === undefined) return;
      matched += 1;
      expect(common.end).toBe(json.length);
      expect(common.node).toEqual(decodeNode(new JsonCursor(json)));
      expect(encodeNode(common.node)).toBe(json);
    }),
    { numRuns: 500 },
  );
  expect(matched).toBeGreaterThan(30);
});
