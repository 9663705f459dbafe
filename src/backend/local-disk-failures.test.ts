import { describe, expect, test } from 'vitest';
import { DurableFileLayer, systemError } from '../../test/support/durable-file-layer.ts';
import { interceptFileLayer, type Interceptor } from '../../test/support/intercepted-file-layer.ts';
import { systemRandom } from '../base/clock.ts';
import type { Backend } from './backend.ts';
import { handleOf } from '../../test/support/backend-files.ts';
import type { FileLayer } from './file-layer.ts';
import { openLocalBackend } from './local-backend.ts';
import { failing } from '../../test/support/intercepted-file-layer.ts';

const BYTES = Uint8Array.from([1, 2, 3, 4, 5]);
const PACK = handleOf('pack', BYTES);

function open(path: string, fileLayer?: FileLayer): Backend {
  return openLocalBackend({ path, random: systemRandom, fileLayer });
}

/** A created repository on a disk in memory whose later calls `intercept` decides on. */
async function onFaultyDisk(
  intercept: Interceptor,
): Promise<{ disk: FileLayer; backend: Backend }> {
  const disk = new DurableFileLayer();
  await open('/repo', disk).create();
  return { disk, backend: open('/repo', interceptFileLayer(disk, intercept)) };
}

async function allNames(disk: FileLayer, folder: string): Promise<string[]> {
  return disk.readFolder(`/repo/${folder}`);
}

describe('a disk that fails', () => {
  test.each([
    ['ENOSPC', 'BACKEND_FULL'],
    ['EDQUOT', 'BACKEND_FULL'],
    ['EACCES', 'BACKEND_DENIED'],
    ['EROFS', 'BACKEND_DENIED'],
    ['EIO', 'BACKEND_DEVICE_FAILED'],
    ['ESTALE', 'BACKEND_UNREACHABLE'],
    ['ELOOP', 'BACKEND_FAILED'],
  ])('%s at any step of a save is %s, and nothing remains', async (code, expected) => {
    for (const step of ['createFile', 'write', 'sync', 'stat']) {
      const folder = `data/${PACK.name.slice(0, 2)}`;
      const { disk, backend } = await onFaultyDisk((call) => {
        if (call.name === step && call.path.includes('-tmp-')) throw systemError(code, call.path);
      });
      await expect(backend.save(PACK, BYTES)).rejects.toMatchObject({ code: expected });
      expect(await allNames(disk, folder)).toEqual([]);
    }
  });

  test('a folder whose names cannot be synced fails the save', async () => {
    const { backend } = await onFaultyDisk(failing('syncFolder', 'EIO'));
    await expect(backend.save(PACK, BYTES)).rejects.toMatchObject({
      code: 'BACKEND_DEVICE_FAILED',
    });
  });

  test('a file system without sync, modes or hard links is used all the same', async () => {
    for (const name of ['sync', 'syncFolder', 'chmod', 'link'] as const) {
      const { backend } = await onFaultyDisk(failing(name, 'ENOTSUP'));
      await backend.save(PACK, BYTES);
      expect([...(await backend.load(PACK))]).toEqual([...BYTES]);
    }
  });

  test('bytes that were taken but are not there fail the save, to be tried again', async () => {
    const { disk, backend } = await onFaultyDisk(({ name }) =>
      name === 'write' ? 'skip' : 'perform',
    );
    await expect(backend.save(PACK, BYTES)).rejects.toMatchObject({
      code: 'BACKEND_SHORT_WRITE',
      retry: 'later',
    });
    expect(await allNames(disk, `data/${PACK.name.slice(0, 2)}`)).toEqual([]);
  });

  test('an abort at any call of a save leaves the whole file or nothing', async () => {
    for (let n = 1; ; n += 1) {
      const controller = new AbortController();
      const reason = new Error('enough');
      let count = 0;
      const writesAfter: string[] = [];
      const { disk, backend } = await onFaultyDisk(({ name }) => {
        if (count >= n && ['createFile', 'write', 'link', 'rename'].includes(name))
          writesAfter.push(name);
        count += 1;
        if (count === n) controller.abort(reason);
      });
      const saving = backend.save(PACK, BYTES, { signal: controller.signal });
      const [result] = await Promise.allSettled([saving]);
      if (result.status === 'rejected') expect(result.reason).toBe(reason);
      expect(writesAfter).toEqual([]);
      const expected = result.status === 'fulfilled' ? [PACK.name] : [];
      expect(await allNames(disk, `data/${PACK.name.slice(0, 2)}`)).toEqual(expected);
      if (count < n) break;
    }
  });

  test('a listing that cannot read a folder throws', async () => {
    const { backend } = await onFaultyDisk((call) => {
      if (call.name === 'readFolder' && call.path.endsWith('data/80'))
        throw systemError('EIO', call.path);
    });
    await expect(Array.fromAsync(backend.list('pack'))).rejects.toMatchObject({
      code: 'BACKEND_DEVICE_FAILED',
    });
  });

  test('create fails where files cannot be made', async () => {
    const { backend } = await onFaultyDisk(failing('createFile', 'EROFS'));
    await expect(backend.create()).rejects.toMatchObject({ code: 'BACKEND_DENIED' });
  });
});
