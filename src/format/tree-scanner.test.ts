import { expect, test } from 'vitest';
import fc from 'fast-check';
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import { decodeTree, decodeTreePieces, encodeTree, outlineTree } from './tree.ts';

const TIME = '2026-11-23T08:15:30.123456789Z';
const TIMES = `"mtime":"${TIME}","atime":"${TIME}","ctime":"${TIME}"`;
const ID = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';
const COMMON = `"mode":420,${TIMES},"uid":0,"gid":0,"user":"root","inode":7,"size":5`;

/** Nodes as restic writes them and as others might, in the order of their names. */
const NODES = [
  `{"name":"a","type":"file",${COMMON},"content":["${ID}"]}`,
  `{"name":"b.webp","type":"file",${COMMON},"content":[]}`,
  `{"name":"c","type":"dir",${COMMON},"content":null,"subtree":"${ID}"}`,
  `{ "type":"file", "name" : "d",${COMMON},"later":[1e5,{"b":"\\u0041}]"}],"content":null}`,
  `{"name":"e\\u003c","type":"symlink",${COMMON},"linktarget":"x\\ufffd","linktarget_raw":"eP8="}`,
  `{"name":"f größe 🎁","type":"file",${COMMON},"inode":18446744073709551615,"content":["${ID}"]}`,
  `{"name":"g","type":"file",${COMMON},"extended_attributes":[{"name":"h","value":"AP8="}]}`,
  `{"name":"h","type":"file",${COMMON},"content":[${`"${ID}",`.repeat(80)}"${ID}"]}`,
];
const FRAMES = [
  ['{"nodes":[', ']}\n'],
  ['{"a":{"nodes":[1]},"n":12345,"nodes":[', '],"nodes":[3],"z":"]}","m":1.5e3}  \n'],
  [' { "nodes" : [ ', ' ] } '],
] as const;

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  const view = Buffer.alloc(Math.max(...sizes));
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1;
    const piece = bytes.subarray(at, at + size);
    view.set(piece);
    yield view.subarray(0, piece.length);
    view.fill(0x5a); // what was given is good until the next only
    at += size;
  }
}

/** What it gives, or what is wrong with it. */
function outcome(decode: () => unknown): unknown {
  try {
    return decode();
  } catch (error) {
    if (!isKeepsakeError(error)) throw error;
    return { code: error.code, details: error.details };
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 });
const tree = fc
  .tuple(fc.subarray(NODES), fc.constantFrom(...FRAMES))
  .map(([nodes, [before, after]]) => Buffer.from(`${before}${nodes.join(',')}${after}`));

test('a tree in pieces gives what it gives in one, wherever it is cut', () => {
  fc.assert(
    fc.property(tree, sizes, (bytes, lengths) => {
      const nodes = decodeTree(bytes);
      const inPieces = [...decodeTreePieces(cut(bytes, lengths))];
      expect(inPieces).toEqual(nodes);
      expect(Buffer.compare(encodeTree(inPieces), encodeTree(nodes))).toBe(0);
      const outlines = [...outlineTree(cut(bytes, lengths))];
      expect(outlines.map(({ name, subtree }) => [name, subtree])).toEqual(
        nodes.map(({ name, subtree }) => [name, subtree]),
      );
    }),
  );
});

test('what is wrong with a tree in pieces is told as of one in one piece', () => {
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    cut: fc.integer({ min: 0, max: 30 }),
    put: fc.constantFrom('', '"', '\\', '\xff', '[', '}', ',', '9', 'x', '/', 'null'),
  });
  let refused = 0;
  fc.assert(
    fc.property(tree, damage, sizes, (whole, { at, cut: length, put }, lengths) => {
      const place = Math.floor(at * whole.length);
      const bytes = Buffer.concat([
        whole.subarray(0, place),
        Buffer.from(put, 'latin1'),
        whole.subarray(place + length),
      ]);
      const names = (nodes: Iterable<{ name: string }>) => Array.from(nodes, ({ name }) => name);
      const expected = outcome(() => names(decodeTree(bytes)));
      if (!Array.isArray(expected)) refused += 1;
      // Neither of these puts names in order or looks for the same one twice.
      if ((expected as { code?: string }).code === 'TREE_NAME_TWICE') return;
      for (const read of [decodeTreePieces, outlineTree]) {
        const found = outcome(() => names(read(cut(bytes, lengths))));
        if (Array.isArray(found)) {
          expect(new Set(found)).toEqual(new Set(expected as string[]));
          expect(found).toHaveLength((expected as string[]).length);
        } else expect(found).toEqual(expected);
      }
    }),
    { numRuns: 500 },
  );
  expect(refused).toBeGreaterThan(100);
});

test('an entry of many pieces is not read again for each of them', () => {
  const ids = `"${ID}",`.repeat(60_000);
  const node = `{"name":"large","type":"file",${COMMON},"content":[${ids}"${ID}"]}`;
  const bytes = Buffer.from(`{"nodes":[${node}]}\n`);
  const startedAt = performance.now();
  const [large] = decodeTreePieces(cut(bytes, [2000]));
  expect(large?.content).toHaveLength(60_001);
  // In a fifth of a second; if each of 2,000 pieces had it read from its start, in minutes.
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});
