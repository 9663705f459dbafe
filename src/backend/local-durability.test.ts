import { expect, test } from 'vitest';
import { crashStep } from '../../test/support/crash-steps.ts';
import { DurableFileLayer } from '../../test/support/durable-file-layer.ts';
import { killedAt, withoutSync } from '../../test/support/intercepted-file-layer.ts';
import { systemRandom } from '../base/clock.ts';
import type { Backend, FileKind } from './backend.ts';
import { handleOf } from '../../test/support/backend-files.ts';
import type { FileLayer } from './file-layer.ts';
import { openLocalBackend } from './local-backend.ts';

const OUTCOMES = ['lose-names', 'keep-names'] as const;
const KINDS = ['key', 'snapshot', 'index', 'pack'] as const;
/** Of the calls that lay out a repository, 256 folders for packs among them. */
const CREATE_STEP = crashStep(13);
const BYTES = Uint8Array.from({ length: 300 }, (_, i) => i % 251);

function open(fileLayer: FileLayer): Backend {
  return openLocalBackend({ path: '/disk/a/repo', fileLayer, random: systemRandom });
}

async function created(layer: FileLayer): Promise<Backend> {
  const backend = open(layer);
  await backend.create();
  return backend;
}

async function newDisk(): Promise<DurableFileLayer> {
  const disk = new DurableFileLayer();
  await disk.makeFolder('/disk', 0o755);
  await disk.syncFolder('/');
  return disk;
}

/** What a save promised, after the power failed right behind it. */
async function survives(
  disk: DurableFileLayer,
  layer: FileLayer,
  kind: FileKind,
): Promise<boolean> {
  const backend = await created(layer);
  await backend.save(handleOf(kind, BYTES), BYTES);
  disk.crash('lose-names');
  try {
    return Buffer.from(BYTES).equals(await open(disk).load(handleOf(kind, BYTES)));
  } catch {
    return false;
  }
}

test.each(KINDS)('a %s file is there after a crash right behind its save', async (kind) => {
  const disk = await newDisk();
  expect(await survives(disk, disk, kind)).toBe(true);
});

test.each(['sync', 'syncFolder'] as const)('without %s the file would be lost', async (which) => {
  const disk = await newDisk();
  expect(await survives(disk, withoutSync(disk, which), 'snapshot')).toBe(false);
});

test('a pack folder that was missing is durable with its first pack', async () => {
  const disk = await newDisk();
  const backend = await created(disk);
  const handle = handleOf('pack', BYTES);
  await disk.removeFolder(`/disk/a/repo/data/${handle.name.slice(0, 2)}`);
  await disk.syncFolder('/disk/a/repo/data');
  await backend[Symbol.asyncDispose]();
  await open(disk).save(handle, BYTES);
  disk.crash('lose-names');
  expect(await open(disk).stat(handle)).toEqual({ sizeBytes: BYTES.byteLength });
});

test('a pack folder another process has made but not synced is durable with the next pack', async () => {
  const disk = await newDisk();
  await created(disk);
  const handle = handleOf('pack', BYTES);
  const folder = `/disk/a/repo/data/${handle.name.slice(0, 2)}`;
  await disk.removeFolder(folder);
  await disk.syncFolder('/disk/a/repo/data');
  await disk.makeFolder(folder, 0o700);
  await open(disk).save(handle, BYTES);
  disk.crash('lose-names');
  expect(await open(disk).stat(handle)).toEqual({ sizeBytes: BYTES.byteLength });
});

test.each(['key', 'snapshot', 'index'] as const)(
  'a removed %s file stays removed',
  async (kind) => {
    const disk = await newDisk();
    const backend = await created(disk);
    await backend.save(handleOf(kind, BYTES), BYTES);
    await backend.remove(handleOf(kind, BYTES));
    disk.crash('lose-names');
    await expect(open(disk).stat(handleOf(kind, BYTES))).rejects.toMatchObject({
      code: 'BACKEND_FILE_NOT_FOUND',
    });
  },
);

test('"it exists already" is only said of what is durable', async () => {
  const disk = await newDisk();
  await created(disk);
  const handle = handleOf('snapshot', BYTES);
  await open(withoutSync(disk, 'syncFolder')).save(handle, BYTES);
  await expect(open(disk).save(handle, BYTES)).rejects.toMatchObject({
    code: 'BACKEND_FILE_EXISTS',
  });
  disk.crash('lose-names');
  expect(await open(disk).stat(handle)).toEqual({ sizeBytes: BYTES.byteLength });
});

test.each(OUTCOMES)('killed at any call of a save: whole or not there (%s)', async (outcome) => {
  for (let n = 1; ; n += 1) {
    const disk = await newDisk();
    await created(disk);
    const handle = handleOf('pack', BYTES);
    const { layer, died } = killedAt(disk, n);
    const [result] = await Promise.allSettled([open(layer).save(handle, BYTES)]);
    disk.crash(outcome);
    const listed = await Array.fromAsync(open(disk).list('pack'));
    if (result.status === 'fulfilled' || listed.length > 0) {
      expect(listed).toEqual([{ name: handle.name, sizeBytes: BYTES.byteLength }]);
      expect(Buffer.from(BYTES).equals(await open(disk).load(handle))).toBe(true);
    } else await open(disk).save(handle, BYTES);
    if (!died()) break;
    expect(n).toBeLessThan(100);
  }
});

test.each(OUTCOMES)(
  'killed at any call of create: creating again mends it (%s)',
  async (outcome) => {
    for (let n = 1; ; n += CREATE_STEP) {
      const disk = await newDisk();
      const { layer, died } = killedAt(disk, n);
      await Promise.allSettled([open(layer).create()]);
      disk.crash(outcome);
      const backend = await created(disk);
      await backend.save(handleOf('pack', BYTES), BYTES);
      disk.crash('lose-names');
      expect(await Array.fromAsync(open(disk).list('pack'))).toHaveLength(1);
      expect(await Array.fromAsync(open(disk).list('snapshot'))).toEqual([]);
      if (!died()) break;
    }
  },
);
