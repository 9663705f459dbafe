/** What the parent snapshot has of a folder that looks as it did, if all of it is still stored. */
import { expect, test } from 'vitest';
import { makeNode } from '../../test/support/tree-builder.ts';
import { encodeTree } from '../format/tree.ts';
import type { FolderLook } from '../source/folder-look.ts';
import { WholeFolders } from './whole-folders.ts';

const PATH = '/srv/uploads';
const TREE = 'a'.repeat(64);
const FILES = 1000;
const S_IFREG = 0o100000;
const idOf = (at: number) => at.toString(16).padStart(64, '0');
const LOOK: FolderLook = { digest: 'd1', fileCount: FILES, sizeBytes: 42, changedNs: 5n };

const nodes = Array.from({ length: FILES }, (_, at) =>
  makeNode(String(at).padStart(5, '0'), S_IFREG, { content: [idOf(2 * at), idOf(2 * at + 1)] }),
);

interface Circumstances {
  readonly look?: Partial<FolderLook> | undefined;
  readonly lost?: string;
  readonly hasAllAttributes?: boolean;
  readonly bytes?: Uint8Array | undefined;
  /** What the parent's manifest says. */
  readonly known?: unknown;
}

function folders(of: Circumstances = {}): WholeFolders {
  const bytes = 'bytes' in of ? of.bytes : encodeTree(nodes);
  const { known = [{ path: PATH, tree: TREE, digest: 'd1' }] } = of;
  return new WholeFolders({
    source: {
      // oxlint-disable-next-line require-yield
      async *entries() {
        throw new Error('not to be walked');
      },
      look: () =>
        Promise.resolve(
          'look' in of && of.look === undefined ? undefined : { ...LOOK, ...of.look },
        ),
    },
    store: { hasBlob: (type, id) => type === 'data' && id !== of.lost },
    parent: {
      tree: 'root',
      hasAllAttributes: of.hasAllAttributes ?? true,
      manifest: { wholeFolders: known } as never,
      trees: {
        load: () => Promise.reject(new Error('not to be decoded')),
        loadBytes: () => Promise.resolve(bytes && { pieces: () => [bytes] }),
      },
    },
    restedBeforeNs: 6n,
    isSound: () => true,
  });
}

const start = { path: PATH, tree: TREE, nameCount: FILES };

test('it is taken as it is, and told to the next backup', async () => {
  const whole = folders();
  const found = await whole.firstPass.find(start);
  expect(found).toMatchObject({ tree: TREE, files: { unmodified: FILES, new: 0, sizeBytes: 42 } });
  expect([...(found?.nodes ?? [])]).toEqual(nodes);
  expect([...(found?.nodes.names?.() ?? [])]).toEqual(nodes.map(({ name }) => name));
  expect(whole.looks()).toEqual([{ path: PATH, tree: TREE, digest: 'd1' }]);
});

const doubts: Record<string, [Circumstances, Partial<typeof start>?]> = {
  'it looks otherwise': [{ look: { digest: 'd2' } }],
  'it cannot be looked at': [{ look: undefined }],
  'a file changed less than its times can tell ago': [{ look: { changedNs: 6n } }],
  'the parent has another tree of it': [{}, { tree: 'b'.repeat(64) }],
  'the parent has it not': [{}, { tree: undefined as never }],
  'a piece of the first file is not stored': [{ lost: idOf(0) }],
  'a piece of the last file is not stored': [{ lost: idOf(2 * FILES - 1) }],
  'attributes of the parent may be missing': [{ hasAllAttributes: false }],
  'its tree is damaged': [{ bytes: undefined }],
  'its tree holds less files': [{ bytes: encodeTree(nodes.slice(1)) }],
  'the manifest’s list of looks is none': [{ known: 'none' }],
  'the manifest has garbage for looks': [{ known: [null, 7, { path: PATH, tree: TREE }] }],
  'it has few files': [{}, { nameCount: FILES - 1 }],
};

test.each(Object.entries(doubts))('it is walked where %s', async (_, [of, other = {}]) => {
  const whole = folders(of);
  expect(await whole.firstPass.find({ ...start, ...other })).toBeUndefined();
  expect(whole.looks()).toEqual([]);
});

test('what was walked is told only when it is found the same afterwards', async () => {
  const of = { look: { digest: 'd2' } };
  const files = { new: 1, changed: 2, unmodified: FILES - 3, sizeBytes: 42 };
  const walked = { path: PATH, tree: 'c'.repeat(64), nodeCount: FILES, files };
  const whole = folders(of);
  await whole.firstPass.find(start);
  whole.firstPass.walked(walked);
  expect(whole.looks()).toEqual([]);
  await whole.prove();
  expect(whole.looks()).toMatchObject([{ tree: walked.tree, digest: 'd2' }]);

  of.look.digest = 'd3';
  const second = whole.secondPass(() => nodes);
  expect(await second.find({ ...start, tree: walked.tree })).toBeUndefined();
  expect(whole.looks()).toEqual([]);
});

test('the second pass takes it as the first left it, with what the first counted', async () => {
  const files = { new: 1, changed: 2, unmodified: FILES - 3, sizeBytes: 42 };
  const walked = { path: PATH, tree: 'c'.repeat(64), nodeCount: FILES, files };
  const whole = folders({ look: { digest: 'd2' } });
  await whole.firstPass.find(start);
  whole.firstPass.walked(walked);
  whole.lookAgain();
  const second = whole.secondPass(() => nodes);
  expect(await second.find({ ...start, tree: walked.tree })).toEqual({
    tree: walked.tree,
    nodes,
    files,
  });
  expect(await second.find({ ...start, tree: TREE })).toBeUndefined();
});

test.each([
  ['an entry was left out', { nodeCount: FILES - 1 }],
  [
    'a file was not counted in it',
    { files: { new: 0, changed: 0, unmodified: FILES - 1, sizeBytes: 1 } },
  ],
])('the second pass walks it where %s', async (_, other) => {
  const files = { new: FILES, changed: 0, unmodified: 0, sizeBytes: 42 };
  const walked = { path: PATH, tree: 'c'.repeat(64), nodeCount: FILES, files, ...other };
  const whole = folders({ look: { digest: 'd2' } });
  await whole.firstPass.find(start);
  whole.firstPass.walked(walked);
  const second = whole.secondPass(() => nodes);
  expect(await second.find({ ...start, tree: walked.tree })).toBeUndefined();
});
