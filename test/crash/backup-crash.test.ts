import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Backend, FileHandle } from '../../src/backend/backend.ts';
import type { FileLayer } from '../../src/backend/file-layer.ts';
import { openLocalBackend } from '../../src/backend/local-backend.ts';
import { createMemBackend, type MemBackend } from '../../src/backend/mem-backend.ts';
import { WrappedBackend } from '../../src/backend/wrapped-backend.ts';
import { systemRandom } from '../../src/base/clock.ts';
import type { BackupResult } from '../../src/operations/backup-input.ts';
import {
  findErrors,
  openBackupLab,
  readSnapshotFiles,
  type BackupLab,
} from '../support/backup-lab.ts';
import { crashStep, tellDeaths } from '../support/crash-steps.ts';
import { DurableFileLayer } from '../support/durable-file-layer.ts';
import { FaultyBackend } from '../support/faulty-backend.ts';
import { killedAt } from '../support/intercepted-file-layer.ts';
import { selfFacts } from '../support/repository-lab.ts';

/** Several packs even for so little data: more moments to die at. */
const SMALL_PACKS = { packSizeBytes: 16_000 };
const SMALL_APP = { items: 14, users: 4, noteWords: 4 };
/** Of the single calls to the disk. */
const STEP = crashStep(7);

const firstRun = { ...selfFacts, pid: 100, isAlive: () => true };
/** Sees that the first one is dead. */
const nextRun = { ...selfFacts, pid: 101, isAlive: (pid: number) => pid === 101 };

/** An app backed up once, with changes for the second backup. */
async function openChangedLab(backend: Backend): Promise<{ lab: BackupLab; old: BackupResult }> {
  const lab = await openBackupLab({ app: SMALL_APP, backend });
  const old = await lab.backup(SMALL_PACKS);
  for (let at = 0; at < 6; at += 1) {
    writeFileSync(join(lab.app.uploads, `new-${at}`), systemRandom(8000));
  }
  lab.self = firstRun;
  return { lab, old };
}

async function contentOf(lab: BackupLab, backend: Backend, { snapshotId = '' }: BackupResult) {
  const repository = await lab.open(backend);
  const { tree } = await repository.loadSnapshot(snapshotId);
  const files = await readSnapshotFiles(repository, { tree, folder: lab.app.root });
  return [...files].map(([path, { bytes }]) => `${path} ${Buffer.from(bytes).toString('base64')}`);
}

/** What must hold whenever and however a backup ended. */
async function expectSound(
  lab: BackupLab,
  backend: Backend,
  { old, expected }: { old: BackupResult; expected: readonly string[] },
): Promise<void> {
  expect(await findErrors(await lab.repositoryLab.open(backend))).toEqual([]);
  expect(await contentOf(lab, backend, old)).toEqual(expected);
  lab.self = nextRun;
  const next = await lab.backup({ ...SMALL_PACKS, backend });
  lab.self = firstRun;
  expect(next.outcome).toBe('ok');
  expect(await contentOf(lab, backend, next)).toHaveLength(expected.length + 6);
  expect(await Array.fromAsync(backend.list('lock'))).toEqual([]);
  expect(await findErrors(await lab.repositoryLab.open(backend))).toEqual([]);
}

test.each([
  ['before', false],
  ['just after', true],
])(
  'a backup that dies %s its n-th change of the store, for each n, leaves every snapshot whole',
  async (_, carriedOut) => {
    const store = createMemBackend();
    const { lab, old } = await openChangedLab(store);
    await using _lab = lab;
    const expected = await contentOf(lab, store, old);
    let deaths = 0;
    for (;;) {
      const survivor: MemBackend = store.clone();
      const dying = new FaultyBackend(survivor);
      dying.failAtOperation(deaths + 1, { carriedOut });
      const outcome = await lab.backup({ ...SMALL_PACKS, backend: dying }).catch(() => 'died');
      await expectSound(lab, survivor, { old, expected });
      if (outcome !== 'died') break;
      deaths += 1;
    }
    tellDeaths('backup', deaths);
    expect(deaths).toBeGreaterThanOrEqual(8); // lock, packs, index, snapshot, lock
  },
);

test.each(['lose-names', 'keep-names'] as const)(
  'a power cut during a backup, at any call to the disk, loses nothing that was finished (%s)',
  async (names) => {
    const disk = new DurableFileLayer();
    const open = (fileLayer: FileLayer) =>
      openLocalBackend({ path: '/repo', random: systemRandom, fileLayer });
    const { lab, old } = await openChangedLab(open(disk));
    await using _lab = lab;
    const expected = await contentOf(lab, open(disk), old);
    let deaths = 0;
    for (let call = 1; ; call += STEP) {
      const survivor = disk.clone();
      const { layer, died } = killedAt(survivor, call);
      const ending = lab.backup({ ...SMALL_PACKS, backend: open(layer) });
      await ending.catch(() => {}); // it died
      if (died()) deaths += 1;
      survivor.crash(names);
      await expectSound(lab, open(survivor), { old, expected });
      if (!died()) break;
    }
    tellDeaths('backup', deaths);
    expect(deaths).toBeGreaterThanOrEqual(40 / STEP);
  },
);

/** As many uploads as it takes to look at them all together. */
const MANY = 1000;

async function openManyLab(store: MemBackend): Promise<{ lab: BackupLab; old: BackupResult }> {
  const lab = await openBackupLab({ app: SMALL_APP, backend: store });
  for (let at = 0; at < MANY; at += 1) writeFileSync(join(lab.app.uploads, `${at}`), `is ${at}`);
  await setTimeout(60); // longer than the file's times need to tell two writes apart
  const old = await lab.backup();
  expect(old.manifest.wholeFolders).toHaveLength(1);
  return { lab, old };
}

test('a backup that takes a folder as a whole dies at any change of the store: all files are there', async () => {
  const store = createMemBackend();
  const { lab, old } = await openManyLab(store);
  await using _lab = lab;
  lab.self = firstRun;
  const expected = await contentOf(lab, store, old);
  for (let deaths = 0; ; deaths += 1) {
    const survivor = store.clone();
    const dying = new FaultyBackend(survivor);
    dying.failAtOperation(deaths + 1, { carriedOut: deaths % 2 === 0 });
    const outcome = await lab.backup({ backend: dying }).catch(() => 'died');
    lab.self = nextRun;
    const next = await lab.backup({ backend: survivor });
    lab.self = firstRun;
    expect(next.manifest.wholeFolders).toEqual(old.manifest.wholeFolders);
    expect(await contentOf(lab, survivor, next)).toEqual(expected);
    expect(await findErrors(await lab.repositoryLab.open(survivor))).toEqual([]);
    if (outcome === 'died') continue;
    expect(deaths).toBeGreaterThan(3);
    break;
  }
});

test('when a pack with files of a whole folder is lost, the next backup stores them anew', async () => {
  const store = createMemBackend();
  const { lab, old } = await openManyLab(store);
  await using _lab = lab;
  const expected = await contentOf(lab, store, old);
  const packs = await Array.fromAsync(store.list('pack'));
  const largest = packs.reduce((a, b) => (b.sizeBytes > a.sizeBytes ? b : a));
  await store.remove({ kind: 'pack', name: largest.name });
  const next = await lab.backup();
  expect(next.counts.dataBlobs).toBeGreaterThan(MANY / 2);
  expect(await contentOf(lab, store, next)).toEqual(expected);
});

/** Notes what is written while no lock stands there. */
class LockWatch extends WrappedBackend {
  readonly unlocked: string[] = [];
  saves = 0;

  override async save(handle: FileHandle, bytes: Uint8Array): Promise<void> {
    if (handle.kind !== 'lock') {
      this.saves += 1;
      const locks = await Array.fromAsync(this.inner.list('lock'));
      if (locks.length === 0) this.unlocked.push(handle.kind);
    }
    await this.inner.save(handle, bytes);
  }
}

test('whatever a backup stores, it stores under its lock', async () => {
  const store = createMemBackend();
  const { lab } = await openChangedLab(store);
  await using _lab = lab;
  const watch = new LockWatch(store);
  await lab.backup({ ...SMALL_PACKS, backend: watch });
  expect(watch.saves).toBeGreaterThanOrEqual(4); // packs, index, snapshot
  expect(watch.unlocked).toEqual([]);
});
