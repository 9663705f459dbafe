import { chmod, mkdir, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DurableFileLayer, systemError } from '../../test/support/durable-file-layer.ts';
import { interceptFileLayer, type Interceptor } from '../../test/support/intercepted-file-layer.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { systemRandom } from '../base/clock.ts';
import { decodeRawName } from '../base/raw-name.ts';
import type { Backend } from './backend.ts';
import { describeBackend } from './backend-suite.ts';
import { handleOf } from '../../test/support/backend-files.ts';
import { nodeFileLayer, type FileLayer } from './file-layer.ts';
import { layoutFolders } from './layout.ts';
import { openLocalBackend } from './local-backend.ts';
import { failing } from '../../test/support/intercepted-file-layer.ts';

const BYTES = Uint8Array.from([1, 2, 3, 4, 5]);
const PACK = handleOf('pack', BYTES);

async function temporaryPath(): Promise<string> {
  const folder = await tempFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  return folder.join('repo');
}

function open(path: string, fileLayer?: FileLayer): Backend {
  return openLocalBackend({ path, random: systemRandom, fileLayer });
}

async function onDisk(): Promise<{ path: string; backend: Backend }> {
  const path = await temporaryPath();
  const backend = open(path);
  await backend.create();
  return { path, backend };
}

/** As a copying tool leaves it: without the empty folders below `data`, which also saves time. */
describeBackend('local', async () => {
  const path = await temporaryPath();
  for (const folder of ['', 'data', 'index', 'keys', 'locks', 'snapshots']) {
    await mkdir(join(path, folder));
  }
  return open(path);
});

describeBackend('local, on a disk of this machine', async () => {
  const backend = openLocalBackend({
    path: await temporaryPath(),
    random: systemRandom,
    isOnThisMachine: () => Promise.resolve(true),
  });
  await backend.create();
  return backend;
});

describeBackend('local, without hard links', async () => {
  const noLinks = interceptFileLayer(new DurableFileLayer(), failing('link', 'EPERM'));
  const backend = open('/repo', noLinks);
  await backend.create();
  return backend;
});

describeBackend('local, reading and writing by halves', async () => {
  const halves: Interceptor = ({ name }) =>
    name === 'read' || name === 'write' ? 'half' : 'perform';
  const backend = open('/repo', interceptFileLayer(new DurableFileLayer(), halves));
  await backend.create();
  return backend;
});

describe('layout and permissions', () => {
  test('a new repository has the folders restic makes, private to their owner', async () => {
    const { path } = await onDisk();
    const found = (await readdir(path, { recursive: true })).sort();
    expect(found).toEqual([...layoutFolders()].sort());
    expect((await stat(join(path, 'data/ff'))).mode & 0o777).toBe(0o700);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  test('files are read-only for their owner and hidden from others', async () => {
    const { path, backend } = await onDisk();
    await backend.save(PACK, BYTES);
    const mode = (await stat(join(path, 'data', PACK.name.slice(0, 2), PACK.name))).mode;
    expect(mode & 0o777).toBe(0o400);
  });

  test('a config the group may read shares what is saved later with the group', async () => {
    const { path, backend } = await onDisk();
    await backend.save({ kind: 'config', name: '' }, BYTES);
    await chmod(join(path, 'config'), 0o440);
    await rm(join(path, 'data', PACK.name.slice(0, 2)), { recursive: true });
    await open(path).save(PACK, BYTES);
    const folder = join(path, 'data', PACK.name.slice(0, 2));
    expect((await stat(join(folder, PACK.name))).mode & 0o777).toBe(0o440);
    expect((await stat(folder)).mode & 0o770 & ~process.umask()).toBe(0o770 & ~process.umask());
  });

  test('a path that is not UTF-8 works', async () => {
    const name = decodeRawName(Uint8Array.of(0x72, 0xff, 0x65));
    const backend = open(join(await temporaryPath(), name));
    await backend.create();
    await backend.save(PACK, BYTES);
    expect([...(await open(backend.location).load(PACK))]).toEqual([...BYTES]);
  });
});

describe('what is not ours', () => {
  test('foreign files, folders and temporary files are not listed', async () => {
    const { path, backend } = await onDisk();
    await backend.save(PACK, BYTES);
    const folder = join(path, 'data', PACK.name.slice(0, 2));
    const elsewhere = PACK.name.startsWith('00') ? '01' : '00';
    await writeFile(join(folder, `${PACK.name}-tmp-0011223344556677`), 'cut off');
    await writeFile(join(folder, `${PACK.name}-tmp-123456789`), 'restic was here');
    await writeFile(join(folder, '.DS_Store'), '');
    await writeFile(join(folder, 'F'.repeat(64)), '');
    await mkdir(join(folder, `${PACK.name.slice(0, 2)}${'0'.repeat(62)}`));
    await symlink('/nowhere', join(folder, `${PACK.name.slice(0, 2)}${'1'.repeat(62)}`));
    await writeFile(join(path, 'data', elsewhere, PACK.name), 'misplaced');
    await writeFile(join(path, 'data', 'lost+found'), '');
    await writeFile(join(path, 'data', '7'), '');
    expect(await Array.fromAsync(backend.list('pack'))).toEqual([
      { name: PACK.name, sizeBytes: 5 },
    ]);
  });

  test.each(['unseen', 'listed'])('only our own old temporary files go: %s', async (how) => {
    const { path, backend } = await onDisk();
    const folder = join(path, 'data', PACK.name.slice(0, 2));
    await backend.save(PACK, BYTES);
    const old = [`${PACK.name}-tmp-0011223344556677`, PACK.name, `${PACK.name}-tmp-12345`];
    for (const name of old) {
      if (name !== PACK.name) await writeFile(join(folder, name), 'x');
      await utimes(join(folder, name), new Date('2020-01-01'), new Date('2020-01-01'));
    }
    await writeFile(join(folder, `${PACK.name}-tmp-8899aabbccddeeff`), 'under way');
    if (how === 'listed') await Array.fromAsync(backend.list('pack'));
    expect(await backend.removeLeftovers?.(new Date('2021-01-01'))).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(
      [PACK.name, `${PACK.name}-tmp-12345`, `${PACK.name}-tmp-8899aabbccddeeff`].sort(),
    );
  });
});

test('a folder of packs that a disk of this machine cannot read is an error, not an empty one', async () => {
  const { path } = await onDisk();
  const fileLayer: FileLayer = {
    ...nodeFileLayer,
    readFolderNow(folder) {
      if (folder.endsWith('/data/07')) throw systemError('EIO', folder);
      return nodeFileLayer.readFolderNow?.(folder) ?? [];
    },
  };
  const isOnThisMachine = () => Promise.resolve(true);
  const backend = openLocalBackend({ path, random: systemRandom, fileLayer, isOnThisMachine });
  await expect(Array.fromAsync(backend.list('pack'))).rejects.toMatchObject({
    code: 'BACKEND_DEVICE_FAILED',
  });
});

describe('missing places', () => {
  test('a folder that does not exist is told apart from a missing file', async () => {
    const backend = open(await temporaryPath());
    const calls = [
      async () => backend.load({ kind: 'config', name: '' }),
      async () => backend.save(PACK, BYTES),
      async () => backend.stat(PACK),
      async () => backend.remove(PACK),
      async () => Array.fromAsync(backend.list('snapshot')),
      async () => Array.fromAsync(backend.list('lock')),
      async () => Array.fromAsync(backend.list('config')),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ code: 'BACKEND_LOCATION_MISSING' });
    }
    await expect(stat(backend.location)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each(['snapshot', 'index', 'key', 'pack'] as const)(
    'a repository without its %s folder does not look as if it had none',
    async (kind) => {
      const { path, backend } = await onDisk();
      const folder = { snapshot: 'snapshots', index: 'index', key: 'keys', pack: 'data' }[kind];
      await rm(join(path, folder), { recursive: true });
      await expect(Array.fromAsync(backend.list(kind))).rejects.toMatchObject({
        code: 'BACKEND_FOLDER_MISSING',
        details: { folder },
      });
    },
  );

  test('the folders a copy may leave out when they are empty are not missed', async () => {
    const { path } = await onDisk();
    await rm(join(path, 'locks'), { recursive: true });
    await rm(join(path, 'data', PACK.name.slice(0, 2)), { recursive: true });
    const backend = open(path);
    expect(await Array.fromAsync(backend.list('lock'))).toEqual([]);
    expect(await Array.fromAsync(backend.list('pack'))).toEqual([]);
    await backend.save(PACK, BYTES);
    await backend.save({ kind: 'lock', name: PACK.name }, BYTES);
    expect(await Array.fromAsync(backend.list('lock'))).toHaveLength(1);
  });

  test('a file where the folder should be is named', async () => {
    const path = await temporaryPath();
    await writeFile(path, '');
    for (const backend of [open(path), open(join(path, 'deeper/repo'))]) {
      await expect(backend.create()).rejects.toMatchObject({
        code: 'BACKEND_NOT_A_FOLDER',
        details: { path },
      });
    }
    await expect(open(path).load(PACK)).rejects.toMatchObject({ code: 'BACKEND_NOT_A_FOLDER' });
  });
});

test('a repository is not made where its folders hold something else; nothing is touched', async () => {
  const path = await temporaryPath();
  await mkdir(join(path, 'data'), { recursive: true });
  await writeFile(join(path, 'data', 'prod.db'), BYTES);
  await expect(open(path).create()).rejects.toMatchObject({
    code: 'BACKEND_FOLDER_TAKEN',
    message: expect.stringContaining('data/prod.db'),
  });
  expect(await readdir(path)).toEqual(['data']);
});
