/**
 * Every kind of damage to every kind of file: it is found and named, and no snapshot ever gives back
 * other bytes than were put in. A tiny repository in memory, so that each single byte can be turned.
 */
import { expect, test } from 'vitest';
import type { FileHandle } from '../../src/backend/backend.ts';
import { createMemBackend, type MemBackend } from '../../src/backend/mem-backend.ts';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { isKeepsakeError, KeepsakeError } from '../../src/base/errors/keepsake-error.ts';
import { checkRepository } from '../../src/repository/check.ts';
import { describeProblem, isNote, type CheckProblem } from '../../src/repository/check-problem.ts';
import { HeldLock } from '../../src/repository/held-lock.ts';
import { findKey } from '../../src/repository/keys.ts';
import { executeIndexRepair, planIndexRepair } from '../../src/repository/repair-index.ts';
import type { Repository } from '../../src/repository/repository.ts';
import { dumpFolder } from '../../src/snapshot/dump.ts';
import { executeSnapshotRepair, planSnapshotRepair } from '../../src/snapshot/repair-snapshots.ts';
import { MemoryBlobStore } from '../support/memory-blob-store.ts';
import { createLabIn, PASSWORD, storeSnapshot, type Lab } from '../support/repository-lab.ts';
import { fileNode, folderNode, linkNode, treeOf } from '../support/tree-builder.ts';

const KINDS = ['config', 'key', 'lock', 'snapshot', 'index', 'pack'] as const;

interface TinyLab extends Lab {
  readonly snapshots: readonly string[];
  /** What each snapshot holds, as a tar archive. */
  readonly truth: ReadonlyMap<string, Uint8Array>;
}

/** A lock, and snapshots that share a file; each has an index file and two packs of its own. */
async function tinyLab({ version = 2, snapshotCount = 2 } = {}): Promise<TinyLab> {
  const lab = await createLabIn({
    backend: createMemBackend(),
    version: version === 1 ? 1 : 2,
  });
  const snapshots: string[] = [];
  for (let n = 0; n < snapshotCount; n += 1) {
    const store = new MemoryBlobStore();
    const entries = [fileNode(store, 'a', ['one', 'two']), fileNode(store, 'b', [`${n}`])];
    const tree = treeOf(store, [folderNode(store, 'app', [...entries, linkNode('l', 'a')])]);
    const repository = await lab.open();
    await repository.loadIndex();
    snapshots.push(await storeSnapshot(repository, { store, tree }));
  }
  const { files, lockDependencies } = await lab.open();
  await HeldLock.write({ ...lockDependencies, files, clock: stoppedClock }, false, {});
  const truth = new Map<string, Uint8Array>();
  for (const id of snapshots) truth.set(id, await readSnapshot(await indexed(lab), id));
  return { ...lab, snapshots, truth };
}

/** The lock's holder never comes to refresh it. */
const stoppedClock = { ...systemClock, sleep: () => new Promise<void>(() => {}) };

async function indexed(lab: Lab, backend: MemBackend = lab.backend): Promise<Repository> {
  const repository = await lab.open(backend);
  await repository.loadIndex();
  return repository;
}

async function readSnapshot(repository: Repository, id: string): Promise<Uint8Array> {
  const { tree: treeId } = await repository.loadSnapshot(id);
  return Buffer.concat(await Array.fromAsync(dumpFolder(repository, { treeId })));
}

async function allFiles({ backend }: Lab): Promise<FileHandle[]> {
  const handles: FileHandle[] = [];
  for (const kind of KINDS) {
    for await (const { name } of backend.list(kind)) handles.push({ kind, name });
  }
  return handles;
}

/** Everything `keepsake check --read-data` says of it, an error that ends it included. */
async function findings(lab: Lab, backend: MemBackend): Promise<{ errors: string; notes: string }> {
  const errors: string[] = [];
  const notes: string[] = [];
  const take = (problem: CheckProblem) =>
    (isNote(problem) ? notes : errors).push(describeProblem(problem));
  try {
    const repository = await lab.open(backend);
    for await (const event of checkRepository(repository, { readData: { kind: 'all' } })) {
      if (event.type === 'problem') take(event.problem);
    }
  } catch (error) {
    if (!isKeepsakeError(error)) throw error;
    errors.push(error.message);
  }
  return { errors: errors.join('\n'), notes: notes.join('\n') };
}

/** Each snapshot gives what was put in, or an error of ours: never anything else. */
async function assertNeverWrong(lab: TinyLab, backend: MemBackend): Promise<void> {
  const repository = await lab.open(backend).catch(mustBeOurs);
  await repository?.loadIndex().catch(mustBeOurs);
  for (const [id, bytes] of lab.truth) {
    if (repository === undefined) return;
    try {
      const read = await readSnapshot(repository, id);
      expect(Buffer.compare(read, bytes)).toBe(0);
    } catch (error) {
      mustBeOurs(error);
    }
  }
}

function mustBeOurs(error: unknown): undefined {
  if (!(error instanceof KeepsakeError)) throw error;
}

/** A file's own name; the config has none. */
const nameOf = ({ kind, name }: FileHandle): string => (kind === 'config' ? 'config file' : name);

async function expectNamed(lab: TinyLab, backend: MemBackend, handle: FileHandle): Promise<void> {
  const { errors, notes } = await findings(lab, backend);
  const said = handle.kind === 'lock' ? notes : errors;
  if (!said.includes(nameOf(handle))) {
    throw new Error(`${handle.kind} ${handle.name} is not named in: ${errors}\n${notes}`);
  }
}

test('the sound repository has nothing to find', async () => {
  const lab = await tinyLab();
  expect(await findings(lab, lab.backend)).toEqual({ errors: '', notes: '' });
  const kinds = (await allFiles(lab)).map(({ kind }) => kind);
  expect(kinds).toEqual([
    'config',
    'key',
    'lock',
    'snapshot',
    'snapshot',
    'index',
    'index',
    'pack',
    'pack',
    'pack',
    'pack',
  ]);
});

test.each([1, 2] as const)(
  'each single byte turned, in every file of a version %i repository, is found and named, and never read as right',
  async (version) => {
    const lab = await tinyLab({ version, snapshotCount: 1 });
    let turned = 0;
    for (const handle of await allFiles(lab)) {
      const bytes = await lab.backend.load(handle);
      for (let at = 0; at < bytes.length; at += 1) {
        const backend = lab.backend.clone();
        backend.tamper(handle, bytes.with(at, (bytes[at] ?? 0) ^ (1 << (at % 8))));
        await expectNamed(lab, backend, handle);
        // With the master key at hand neither keys nor locks are read for a restore.
        if (!['key', 'lock'].includes(handle.kind)) await assertNeverWrong(lab, backend);
        turned += 1;
      }
    }
    expect(turned).toBeGreaterThan(2000);
  },
);

test('a file cut short at any length, or emptied, is found and named', async () => {
  const lab = await tinyLab();
  for (const handle of await allFiles(lab)) {
    const bytes = await lab.backend.load(handle);
    const lengths = [0, 1, 15, 16, 31, 32, 33, bytes.length >> 1, bytes.length - 1];
    for (const length of lengths) {
      const backend = lab.backend.clone();
      backend.tamper(handle, bytes.subarray(0, length));
      await expectNamed(lab, backend, handle);
      await assertNeverWrong(lab, backend);
    }
  }
});

test('bytes added at the end of a file are found and named', async () => {
  const lab = await tinyLab();
  for (const handle of await allFiles(lab)) {
    const backend = lab.backend.clone();
    const bytes = await lab.backend.load(handle);
    backend.tamper(handle, Buffer.concat([bytes, systemRandom(7)]));
    await expectNamed(lab, backend, handle);
    await assertNeverWrong(lab, backend);
  }
});

test('the content of one file in another of its kind is found and named', async () => {
  const lab = await tinyLab();
  for (const kind of ['snapshot', 'index', 'pack'] as const) {
    const files = (await allFiles(lab)).filter((handle) => handle.kind === kind);
    for (const [at, handle] of files.entries()) {
      const other = files[(at + 1) % files.length] ?? handle;
      const backend = lab.backend.clone();
      backend.tamper(handle, await lab.backend.load(other));
      await expectNamed(lab, backend, handle);
      await assertNeverWrong(lab, backend);
    }
  }
});

test('a copy of a file under another name is named, and changes no snapshot', async () => {
  const lab = await tinyLab();
  for (const handle of await allFiles(lab)) {
    if (handle.kind === 'config') continue;
    const copy = { kind: handle.kind, name: 'c0'.repeat(32) };
    const backend = lab.backend.clone();
    backend.tamper(copy, await lab.backend.load(handle));
    const { errors, notes } = await findings(lab, backend);
    expect(errors + notes).toContain(copy.name);
    if (handle.kind !== 'pack' && handle.kind !== 'lock') expect(errors).toContain(copy.name);
    await assertNeverWrong(lab, backend);
  }
});

test('a missing file is named, or what it hurts is', async () => {
  const lab = await tinyLab();
  for (const handle of await allFiles(lab)) {
    const backend = lab.backend.clone();
    backend.tamper(handle, undefined);
    await assertNeverWrong(lab, backend);
    const { errors, notes } = await findings(lab, backend);
    switch (handle.kind) {
      case 'config':
        expect(errors).toContain('no config file');
        break;
      case 'key':
        await expect(findKey(backend, PASSWORD)).rejects.toThrow(/no key file/);
        break;
      case 'pack':
        expect(errors).toContain(handle.name);
        expect(errors).toMatch(/snapshot [0-9a-f]{8} .* is hurt/);
        break;
      case 'index':
        expect(notes).toMatch(/pack [0-9a-f]{64} is in no index/);
        expect(errors).toMatch(/snapshot [0-9a-f]{8} .* is hurt/);
        break;
      // Nothing names them: a snapshot that is gone was forgotten, a lock that is gone was released.
      case 'snapshot':
      case 'lock':
        expect(errors + notes).toBe('');
        await expect(readIfThere(lab, backend, handle)).rejects.toThrow(KeepsakeError);
        break;
    }
  }
});

async function readIfThere(lab: Lab, backend: MemBackend, handle: FileHandle): Promise<void> {
  if (handle.kind === 'lock') await backend.load(handle);
  else await readSnapshot(await indexed(lab, backend), handle.name);
}

test('after any loss, `repair index` and `repair snapshots` leave a repository that checks clean', async () => {
  const lab = await tinyLab();
  for (const handle of await allFiles(lab)) {
    if (handle.kind !== 'pack' && handle.kind !== 'index') continue;
    const bytes = await lab.backend.load(handle);
    for (const damaged of [
      undefined,
      bytes.subarray(0, 50),
      bytes.with(20, (bytes[20] ?? 0) ^ 4),
    ]) {
      const backend = lab.backend.clone();
      backend.tamper(handle, damaged);
      const repository = await lab.open(backend);
      const plan = await planIndexRepair(repository, { readData: true });
      await executeIndexRepair(repository, plan);
      const mended = await indexed(lab, backend);
      const only = await Array.fromAsync(backend.list('snapshot'), ({ name }) => name);
      const losses = await planSnapshotRepair(mended, { forget: true, only });
      await Array.fromAsync(executeSnapshotRepair(mended, losses));
      expect((await findings(lab, backend)).errors).toBe('');
      await assertNeverWrong(lab, backend);
      if (handle.kind === 'index')
        expect(await Array.fromAsync(backend.list('snapshot'))).toHaveLength(2);
    }
  }
});
