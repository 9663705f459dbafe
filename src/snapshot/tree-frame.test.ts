import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRawNames } from '../base/raw-name.ts';
import { blobId } from '../format/blob.ts';
import { decodeLargeTree } from '../format/large-tree.ts';
import type { Node, NodeList } from '../format/node.ts';
import { decodeTree, encodeTree } from '../format/tree.ts';
import { PackedTreeBuilder } from './packed-tree.ts';
import { TreeFrame } from './tree-frame.ts';

/** What became of an entry; `kept`: it is gone, and stays in the tree. */
type Fate = 'same' | 'changed' | 'new' | 'gone' | 'kept';

interface Entry {
  readonly name: string;
  readonly fate: Fate;
  /** It is known later, as a file that is being read. */
  readonly isLate: boolean;
}

const NAMES = [
  'a',
  'a-',
  'a.',
  'ab',
  'B',
  'é',
  '\uE000',
  '\uFFEE',
  '🎁',
  '\uDCFF',
  'z"<',
  'z\n',
  '~',
];

function nodeOf(name: string, second: number): Node {
  const time = `2026-01-02T03:04:0${second}Z`;
  const times = { mtime: time, atime: time, ctime: time };
  return { name, type: 'file', mode: 420, ...times, uid: 0, gid: 0, content: [] };
}

function packed(nodes: readonly Node[]): NodeList {
  const builder = new PackedTreeBuilder();
  for (const node of nodes) builder.add(node);
  return builder.finish();
}

/** The parent's list in each of its forms. */
function formsOf(nodes: readonly Node[]): NodeList[] {
  const bytes = encodeTree(nodes);
  const inPieces = {
    *pieces() {
      for (let at = 0; at < bytes.length; at += 61) yield bytes.subarray(at, at + 61);
    },
  };
  return [decodeTree(bytes), decodeLargeTree(inPieces), packed(nodes)];
}

async function late(node: Node): Promise<Node> {
  await nextTurn();
  return node;
}

/** Goes through the folder as the archive pass does. */
async function walk(frame: TreeFrame, entries: readonly Entry[]): Promise<void> {
  const fates = new Map(entries.map(({ name, fate }) => [name, fate]));
  const keep = async (missed: Iterable<Node>): Promise<void> => {
    for (const node of missed) if (fates.get(node.name) === 'kept') await frame.add(node);
  };
  for (const { name, fate, isLate } of entries) {
    if (fate === 'gone' || fate === 'kept') continue;
    await keep(frame.missedBefore(name));
    const match = frame.takeParent(name);
    expect(match === undefined).toBe(fate === 'new');
    const node = fate === 'same' && match !== undefined ? match : nodeOf(name, 2);
    await frame.add(isLate ? late(node) : node);
  }
  await keep(frame.takeRest());
}

async function assertTree(entries: readonly Entry[]): Promise<void> {
  const before = entries.filter(({ fate }) => fate !== 'new').map(({ name }) => nodeOf(name, 1));
  const now = entries
    .filter(({ fate }) => fate !== 'gone')
    .map(({ name, fate }) => nodeOf(name, fate === 'same' || fate === 'kept' ? 1 : 2));
  const id = blobId(encodeTree(before));
  const expected = blobId(encodeTree(now));
  for (const nodes of formsOf(before)) {
    const frame = new TreeFrame('/uploads', { id, nodes });
    await walk(frame, entries);
    const earlier = await frame.asParent();
    expect(earlier?.id).toBe(expected === id && before.length > 0 ? id : undefined);
    expect(frame.finish().id).toBe(expected);
  }
}

const entry = fc.record({
  name: fc.constantFrom(...NAMES),
  fate: fc.constantFrom<Fate>('same', 'same', 'same', 'changed', 'new', 'gone', 'kept'),
  isLate: fc.boolean(),
});

test('a folder has what stands in it now, whatever came, changed or went since its parent', async () => {
  const folders = fc
    .uniqueArray(entry, { selector: ({ name }) => name })
    .map((entries) => entries.sort((a, b) => compareRawNames(a.name, b.name)));
  await fc.assert(fc.asyncProperty(folders, assertTree), { numRuns: 200 });
});

test.each<Fate>(['gone', 'kept'])(
  'files that are %s count where they are more than can be under way',
  async (fate) => {
    const entries = Array.from({ length: 2500 }, (_, n): Entry => {
      return { name: `upload-${10_000 + n}`, fate: n < 2400 ? fate : 'same', isLate: n % 3 === 0 };
    });
    await assertTree(entries);
    await assertTree(entries.slice(0, 2400));
  },
);

test.each<Fate>(['same', 'changed'])(
  'a file that is %s counts among more than can be waited for at once',
  async (fate) => {
    const entries = Array.from({ length: 1300 }, (_, n): Entry => {
      const name = `upload-${10_000 + n}`;
      return { name, fate: n === 1250 ? fate : 'same', isLate: n % 3 !== 0 };
    });
    await assertTree(entries);
  },
);
