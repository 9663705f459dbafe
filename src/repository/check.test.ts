import { expect, test } from 'vitest';
import { FaultyBackend } from '../../test/support/faulty-backend.ts';
import { MemoryBlobStore } from '../../test/support/memory-blob-store.ts';
import { BusyBackend } from '../../test/support/busy-backend.ts';
import { createLab, storeSnapshot } from '../../test/support/repository-lab.ts';
import { fileNode, folderNode, makeNode, treeOf } from '../../test/support/tree-builder.ts';
import type { FileHandle } from '../backend/backend.ts';
import { systemRandom } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { encodeIndexFile } from '../format/index-file.ts';
import { checkRepository, type CheckOptions, type CheckSummary } from './check.ts';
import { selectPacks } from './check-pack-data.ts';
import { describeProblem, isNote, type CheckProblem } from './check-problem.ts';
import type { Repository } from './repository.ts';

const all = { readData: { kind: 'all' } } as const;

/** `/srv/app` with two files, one of two pieces, and a folder. */
function sampleTree(store: MemoryBlobStore): string {
  const uploads = folderNode(store, 'uploads', [fileNode(store, 'a.jpg', ['picture', ' of a'])]);
  const app = folderNode(store, 'app', [fileNode(store, 'prod.db', ['pages']), uploads]);
  return treeOf(store, [folderNode(store, 'srv', [app])]);
}

async function sampleLab() {
  const lab = await createLab();
  const store = new MemoryBlobStore();
  const tree = sampleTree(store);
  const snapshot = await storeSnapshot(await lab.open(), { store, tree });
  return { ...lab, snapshot, tree };
}

async function check(repository: Repository, options: CheckOptions = {}) {
  const problems: CheckProblem[] = [];
  let summary: CheckSummary | undefined;
  for await (const event of checkRepository(repository, options)) {
    if (event.type === 'problem') problems.push(event.problem);
    if (event.type === 'summary') summary = event.summary;
  }
  const kinds = [...new Set(problems.map(({ kind }) => kind))];
  return { problems, kinds, summary };
}

type Lab = Awaited<ReturnType<typeof sampleLab>>;

async function fileOf({ backend }: Lab, kind: FileHandle['kind'], at = 0): Promise<FileHandle> {
  const names = (await Array.fromAsync(backend.list(kind))).map(({ name }) => name);
  return { kind, name: names[at] ?? '' };
}

/** The pack that holds the data, or the trees. */
async function packOf(lab: Lab, content: 'data' | 'tree'): Promise<FileHandle> {
  const repository = await lab.open();
  await repository.loadIndex();
  const packs = repository.index.packIds();
  const name = packs.find((id) => [...repository.index.entriesOf(id)][0]?.type === content) ?? '';
  return { kind: 'pack', name };
}

test('a sound repository has no problems, and the summary counts what was looked at', async () => {
  const { open } = await sampleLab();
  const { problems, summary } = await check(await open(), all);
  expect(problems).toEqual([]);
  expect(summary).toMatchObject({
    snapshotCount: 1,
    treeCount: 4,
    packCount: 2,
    packsRead: 2,
    errorCount: 0,
    noteCount: 0,
  });
});

test('a backup that runs beside it is no damage', async () => {
  const { open, backend } = await sampleLab();
  const store = new MemoryBlobStore();
  const tree = treeOf(store, [fileNode(store, 'new', ['of the other run'])]);
  const busy = new BusyBackend(backend, async () => {
    await storeSnapshot(await open(), { store, tree });
  });
  const { problems } = await check(await open(busy));
  expect(problems.filter((problem) => !isNote(problem))).toEqual([]);
});

test.each([
  ['key', 'key-damaged'],
  ['index', 'index-damaged'],
  ['snapshot', 'snapshot-damaged'],
] as const)('a damaged %s file is named', async (kind, problem) => {
  const lab = await sampleLab();
  const handle = await fileOf(lab, kind);
  const bytes = await lab.backend.load(handle);
  for (const damaged of [bytes.subarray(0, bytes.length - 1), new Uint8Array()]) {
    lab.backend.tamper(handle, damaged);
    const { problems } = await check(await lab.open());
    expect(problems).toContainEqual(expect.objectContaining({ kind: problem, name: handle.name }));
  }
});

test('a copy of a file under another name is named', async () => {
  const lab = await sampleLab();
  for (const kind of ['key', 'index', 'snapshot', 'pack'] as const) {
    const copy = { kind, name: 'ab'.repeat(32) } as const;
    lab.backend.tamper(copy, await lab.backend.load(await fileOf(lab, kind)));
    const { problems } = await check(await lab.open());
    expect(problems.map((problem) => describeProblem(problem)).join('\n')).toContain(copy.name);
    lab.backend.tamper(copy, undefined);
  }
});

test('a damaged lock is a note', async () => {
  const lab = await sampleLab();
  lab.backend.tamper({ kind: 'lock', name: 'ab'.repeat(32) }, new Uint8Array(40));
  const { problems, summary } = await check(await lab.open());
  expect(problems.map((problem) => [problem.kind, isNote(problem)])).toEqual([
    ['lock-damaged', true],
  ]);
  expect(summary).toMatchObject({ errorCount: 0, noteCount: 1 });
});

test('a missing pack is named, with the snapshot it hurts and the paths in it', async () => {
  const lab = await sampleLab();
  const pack = await packOf(lab, 'data');
  lab.backend.tamper(pack, undefined);
  const { problems } = await check(await lab.open());
  expect(problems).toContainEqual({ kind: 'pack-missing', pack: pack.name, blobCount: 3 });
  const hurt = problems.find(({ kind }) => kind === 'snapshot-hurt');
  expect(hurt).toMatchObject({
    snapshot: lab.snapshot,
    pathCount: 2,
    paths: ['/srv/app/prod.db', '/srv/app/uploads/a.jpg'],
  });
});

test('a pack of trees that is missing hurts the snapshot from its root', async () => {
  const lab = await sampleLab();
  lab.backend.tamper(await packOf(lab, 'tree'), undefined);
  const { kinds, problems } = await check(await lab.open());
  expect(kinds).toEqual(['pack-missing', 'tree-damaged', 'snapshot-hurt']);
  expect(problems.at(-1)).toMatchObject({ paths: ['/'], pathCount: 1 });
});

test('a truncated pack is found without reading it', async () => {
  const lab = await sampleLab();
  const pack = await packOf(lab, 'data');
  const bytes = await lab.backend.load(pack);
  lab.backend.tamper(pack, bytes.subarray(0, bytes.length - 1));
  const { problems } = await check(await lab.open());
  expect(problems).toContainEqual({
    kind: 'pack-size',
    pack: pack.name,
    expectedBytes: bytes.length,
    actualBytes: bytes.length - 1,
  });
});

test('of a truncated pack only what lies beyond its end is lost', async () => {
  const lab = await sampleLab();
  const pack = await packOf(lab, 'data');
  const bytes = await lab.backend.load(pack);
  lab.backend.tamper(pack, bytes.subarray(0, 40)); // the first of three pieces
  const { problems } = await check(await lab.open());
  const hurt = problems.find(({ kind }) => kind === 'snapshot-hurt');
  expect(hurt?.kind === 'snapshot-hurt' && hurt.pathCount).toBeGreaterThan(0);
});

test('a flipped byte in a pack is found by reading the data, and its file named', async () => {
  const lab = await sampleLab();
  const pack = await packOf(lab, 'data');
  const bytes = await lab.backend.load(pack);
  lab.backend.tamper(pack, bytes.with(20, (bytes[20] ?? 0) ^ 1));
  expect((await check(await lab.open())).problems).toEqual([]);
  const { problems } = await check(await lab.open(), all);
  expect(problems).toContainEqual(
    expect.objectContaining({ kind: 'pack-damaged', pack: pack.name, blobCount: 1 }),
  );
  expect(problems.map(({ kind }) => kind)).toContain('content-missing');
  expect(problems.map(({ kind }) => kind)).toContain('snapshot-hurt');
});

test('a pack that the disk does not give is damaged, and the rest is checked', async () => {
  const lab = await sampleLab();
  const pack = await packOf(lab, 'data');
  const faulty = new FaultyBackend(lab.backend);
  const details = { location: 'x', file: pack.name, reason: 'input/output error (EIO)' };
  faulty
    .fail('load', new KeepsakeError('BACKEND_DEVICE_FAILED', details))
    .repeat(99)
    .on(({ name }) => name === pack.name);
  const { kinds } = await check(await lab.open(faulty), all);
  expect(kinds).toEqual(['pack-damaged', 'content-missing', 'snapshot-hurt']);
});

test('storage that cannot be reached ends the check: it is not damage', async () => {
  const lab = await sampleLab();
  const faulty = new FaultyBackend(lab.backend);
  const gone = new KeepsakeError('BACKEND_UNREACHABLE', { location: 'x', reason: 'gone' });
  faulty.fail('load', gone).on(({ kind }) => kind === 'pack');
  await expect(check(await lab.open(faulty), all)).rejects.toBe(gone);
});

test('a missing index hurts the snapshots and makes its packs unreferenced', async () => {
  const lab = await sampleLab();
  lab.backend.tamper(await fileOf(lab, 'index'), undefined);
  const { kinds } = await check(await lab.open());
  expect(kinds).toEqual(['pack-unreferenced', 'tree-damaged', 'snapshot-hurt']);
});

test('a pack in two index files is a note if they agree, else an error', async () => {
  const lab = await sampleLab();
  const repository = await lab.open();
  await repository.loadIndex();
  const [packId = ''] = repository.index.packIds();
  const blobs = [...repository.index.entriesOf(packId)];
  const again = encodeIndexFile({ supersedes: [], packs: [{ id: packId, blobs }] });
  const name = await repository.files.save('index', again);
  const { summary } = await check(await lab.open());
  expect(summary).toMatchObject({ errorCount: 0, noteCount: 1 });
  lab.backend.tamper({ kind: 'index', name }, undefined);
  const other = blobs.map((blob) => ({ ...blob, offset: blob.offset + 1 }));
  const wrong = encodeIndexFile({ supersedes: [], packs: [{ id: packId, blobs: other }] });
  await repository.files.save('index', wrong);
  const { problems } = await check(await lab.open());
  expect(problems[0]).toEqual({ kind: 'pack-indexed-twice', pack: packId, differs: true });
});

test('an index that gives a blob to the wrong place is found by reading the data', async () => {
  const lab = await sampleLab();
  const repository = await lab.open();
  await repository.loadIndex();
  const { name: packId } = await packOf(lab, 'data');
  const [first, second, ...rest] = [...repository.index.entriesOf(packId)];
  if (first === undefined || second === undefined) throw new Error('too few blobs');
  const swapped = [{ ...first, id: second.id }, { ...second, id: first.id }, ...rest];
  const trees = (await packOf(lab, 'tree')).name;
  lab.backend.tamper(await fileOf(lab, 'index'), undefined);
  const packs = [
    { id: packId, blobs: swapped },
    { id: trees, blobs: [...repository.index.entriesOf(trees)] },
  ];
  await repository.files.save('index', encodeIndexFile({ supersedes: [], packs }));
  const { problems } = await check(await lab.open(), all);
  expect(problems[0]).toMatchObject({ kind: 'pack-damaged', pack: packId });
  expect(describeProblem(problems[0] as CheckProblem)).toContain('list different blobs');
});

test('a file without a list of pieces, and a folder without a tree, are named and hurt', async () => {
  const { open } = await createLab();
  const store = new MemoryBlobStore();
  const unlisted = fileNode(store, 'unlisted', [], { content: null });
  const bare = makeNode('bare', 0o040000, { permissions: 0o755 });
  const tree = treeOf(store, [unlisted, bare]);
  await storeSnapshot(await open(), { store, tree });
  const { problems } = await check(await open());
  expect(problems).toContainEqual({ kind: 'content-unlisted', path: '/unlisted' });
  expect(problems).toContainEqual(expect.objectContaining({ kind: 'tree-damaged', path: '/bare' }));
  expect(problems.at(-1)).toMatchObject({ kind: 'snapshot-hurt', pathCount: 2 });
});

test('a size that is not that of the pieces is noted and hurts nothing: old writers left such', async () => {
  const { open } = await createLab();
  const store = new MemoryBlobStore();
  const tree = treeOf(store, [fileNode(store, 'short', ['12345'], { size: 6 })]);
  await storeSnapshot(await open(), { store, tree });
  const { problems, summary } = await check(await open());
  const sizes = { expectedBytes: 6, actualBytes: 5 };
  expect(problems).toEqual([{ kind: 'size-mismatch', path: '/short', ...sizes }]);
  expect(summary).toMatchObject({ errorCount: 0, noteCount: 1 });
});

test('trees that snapshots share are read once, and hurt each of them', async () => {
  const lab = await sampleLab();
  const repository = await lab.open();
  await repository.loadIndex();
  const [{ snapshot } = { snapshot: undefined }] = await repository.loadSnapshots();
  if (snapshot === undefined) throw new Error('no snapshot');
  await repository.saveSnapshot({ ...snapshot, time: '2026-02-02T00:00:00Z' });
  lab.backend.tamper(await packOf(lab, 'data'), undefined);
  const { problems, summary } = await check(await lab.open());
  expect(summary).toMatchObject({ treeCount: 4, snapshotCount: 2 });
  expect(problems.filter(({ kind }) => kind === 'content-missing')).toHaveLength(2);
  expect(problems.filter(({ kind }) => kind === 'snapshot-hurt')).toHaveLength(2);
});

test('parts of a subset are disjoint and cover all packs', () => {
  const packs = new Map(
    Array.from({ length: 200 }, () => [Buffer.from(systemRandom(32)).toString('hex'), 100]),
  );
  const parts = [1, 2, 3].map((part) =>
    selectPacks(packs, { kind: 'part', part, of: 3 }, systemRandom),
  );
  expect(parts.flat().toSorted()).toEqual([...packs.keys()].toSorted());
  const chosen = (subset: Parameters<typeof selectPacks>[1]) =>
    selectPacks(packs, subset, systemRandom).length;
  expect(chosen({ kind: 'all' })).toBe(200);
  expect(chosen({ kind: 'share', percent: 5 })).toBe(10);
  expect(chosen({ kind: 'share', percent: 0.001 })).toBe(1);
  expect(chosen({ kind: 'bytes', sizeBytes: 1000 })).toBe(10);
});
