import { expect, test } from 'vitest';
import type { FileLayer } from '../../backend/file-layer.ts';
import { utf8Encode } from '../../base/bytes.ts';
import { DurableFileLayer } from '../../../test/support/durable-file-layer.ts';
import { interceptFileLayer, killedAt } from '../../../test/support/intercepted-file-layer.ts';
import { kindOf, makeFolders, readTextIfAny } from './change-files.ts';
import { swapBack, swapIn, type SwapWork } from './swap-paths.ts';
import {
  planAgain,
  planSwap,
  type SwapPlanning,
  type SwapRoot,
  type SwapUnit,
} from './swap-units.ts';

const PLACE = '/srv/.keepsake-restore-00000001';
const attributes = {
  read: () => Promise.resolve({ mode: 0o755, uid: 0, gid: 0, modifiedMs: 0 }),
  write: () => Promise.resolve(),
};

type Tree = Readonly<Record<string, string>>;

async function put(disk: FileLayer, tree: Tree): Promise<void> {
  for (const [path, content] of Object.entries(tree)) {
    await makeFolders(disk, path.slice(0, path.lastIndexOf('/')));
    const file = await disk.createFile(path, 0o644);
    await file.write(utf8Encode(content), 0);
    await file.sync();
    await disk.syncFolder(path.slice(0, path.lastIndexOf('/')));
  }
}

async function treeOf(disk: FileLayer, folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await disk.readFolder(folder)) {
    const path = `${folder}/${name}`;
    if ((await kindOf(disk, path)) === 'folder') Object.assign(found, await treeOf(disk, path));
    else found[path] = (await readTextIfAny(disk, path)) ?? '';
  }
  return found;
}

/** Without the place: what the app sees. */
async function liveTree(disk: FileLayer): Promise<Record<string, string>> {
  const all = Object.entries(await treeOf(disk, '/srv'));
  return Object.fromEntries(all.filter(([path]) => !path.startsWith(`${PLACE}/`)));
}

function root(path: string, isMount = false): SwapRoot {
  const at = (part: string): string => `${PLACE}/${part}${path}`;
  const parts = { fresh: at('new'), old: at('old'), stray: at('stray') };
  return { path, at: path, place: PLACE, ...parts, isMount };
}

/** A whole folder, a plain file, one that is gone then, and a folder to be gone into. */
const ROOTS = [
  root('/srv/uploads'),
  root('/srv/.env'),
  root('/srv/later.txt'),
  root('/srv/mnt', true),
];
const OLD: Tree = {
  '/srv/uploads/a': 'old a',
  '/srv/uploads/b': 'old b',
  '/srv/.env': 'old env',
  '/srv/later.txt': 'not in the snapshot',
  '/srv/mnt/prod.db': 'SQLite old',
  '/srv/mnt/prod.db-wal': 'old wal',
  '/srv/mnt/node_modules/x': 'stays',
  '/srv/mnt/sub/node_modules/y': 'stays',
  '/srv/mnt/sub/z': 'old z',
};
const FRESH: Tree = {
  '/srv/uploads/a': 'new a',
  '/srv/.env': 'new env',
  '/srv/mnt/prod.db': 'SQLite new',
  '/srv/mnt/sub/z': 'new z',
  '/srv/mnt/more': 'new more',
};
const NEW: Tree = {
  ...FRESH,
  '/srv/mnt/node_modules/x': 'stays',
  '/srv/mnt/sub/node_modules/y': 'stays',
};

function planning(files: FileLayer): SwapPlanning {
  return {
    files,
    attributes,
    stays: (at) => at.endsWith('node_modules'),
    holdsWhatStays: (at) => at === '/srv/mnt/sub',
    isDatabase: (path) => path.endsWith('.db'),
  };
}

async function openDisk(): Promise<{ disk: DurableFileLayer; units: readonly SwapUnit[] }> {
  const disk = new DurableFileLayer();
  await put(disk, OLD);
  const staged = Object.entries(FRESH).map(([path, text]) => [`${PLACE}/new${path}`, text]);
  await put(disk, Object.fromEntries(staged) as Tree);
  return { disk, units: await planSwap(ROOTS, planning(disk)) };
}

function workOn(files: FileLayer): SwapWork {
  return { files, attributes };
}

const WAYS = ['lose-names', 'keep-names'] as const;

test('the restored state takes the place of the old one, what is excluded stays, and back again', async () => {
  const { disk, units } = await openDisk();
  await swapIn(units, workOn(disk));
  expect(await liveTree(disk)).toEqual(NEW);
  expect((await treeOf(disk, `${PLACE}/old/srv/mnt`))[`${PLACE}/old/srv/mnt/prod.db-wal`]).toBe(
    'old wal',
  );
  await swapBack(units, workOn(disk));
  expect(await liveTree(disk)).toEqual(OLD);
});

test.each(WAYS)(
  'cut off at its n-th call by a power cut, for each n, it can be finished and undone (%s)',
  async (names) => {
    const { disk, units } = await openDisk();
    let deaths = 0;
    for (;;) {
      const cut = disk.clone();
      const { layer, died } = killedAt(cut, deaths + 1);
      await swapIn(units, workOn(layer)).catch(() => {});
      cut.crash(names);
      const [finished, undone] = [cut.clone(), cut.clone()];
      await swapIn(units, workOn(finished));
      expect(await liveTree(finished)).toEqual(NEW);
      await swapBack(units, workOn(undone));
      expect(await liveTree(undone)).toEqual(OLD);
      if (!died()) break;
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(20);
  },
);

test.each(WAYS)(
  'a way back that is cut off at its n-th call, for each n, can be gone to its end (%s)',
  async (names) => {
    const { disk, units } = await openDisk();
    await swapIn(units, workOn(disk));
    for (let deaths = 0; ; deaths += 1) {
      const cut = disk.clone();
      const { layer, died } = killedAt(cut, deaths + 1);
      await swapBack(units, workOn(layer)).catch(() => {});
      cut.crash(names);
      await swapBack(units, workOn(cut));
      expect(await liveTree(cut)).toEqual(OLD);
      if (!died()) break;
    }
  },
);

test('nothing that is lost from the live tree is lost from the disk', async () => {
  const { disk, units } = await openDisk();
  await swapIn(units, workOn(disk));
  const kept = new Set(Object.values(await treeOf(disk, `${PLACE}/old`)));
  for (const text of Object.values(OLD).filter((each) => each !== 'stays')) {
    expect(kept).toContain(text);
  }
});

test('a -wal that the app made beside the restored database does not stay beside the old one', async () => {
  const { disk, units } = await openDisk();
  await swapIn(units, workOn(disk));
  await put(disk, { '/srv/mnt/prod.db-wal': 'of the new one', '/srv/mnt/prod.db-shm': 'too' });
  await swapBack(units, workOn(disk));
  expect(await liveTree(disk)).toEqual(OLD);
  expect(Object.values(await treeOf(disk, PLACE))).toContain('of the new one');
});

test('an app that a reboot started halfway does not leave its own -wal beside the restored database', async () => {
  const { disk, units } = await openDisk();
  const layer = interceptFileLayer(disk, ({ name, path }) => {
    if (name === 'rename' && path === '/srv/mnt/prod.db') throw new Error('killed');
  });
  await swapIn(units, workOn(layer)).catch(() => {});
  expect(await kindOf(disk, '/srv/mnt/prod.db')).toBeUndefined();
  await put(disk, { '/srv/mnt/prod.db': '', '/srv/mnt/prod.db-wal': 'fresh set-up' });
  const undone = disk.clone();
  await swapIn(units, workOn(disk));
  expect(await liveTree(disk)).toEqual(NEW);
  await swapBack(units, workOn(undone));
  expect(await liveTree(undone)).toEqual(OLD);
});

test('the -wal of an app that already ran on the restored database is left to it', async () => {
  const { disk, units } = await openDisk();
  await swapIn(units, workOn(disk));
  await put(disk, { '/srv/mnt/prod.db-wal': 'of the new one' });
  await swapIn(units, workOn(disk));
  expect(await liveTree(disk)).toEqual({ ...NEW, '/srv/mnt/prod.db-wal': 'of the new one' });
});

test('what is brought only where it is missing replaces nothing', async () => {
  const { disk } = await openDisk();
  const roots = ['a', 'c'].map((name) => ({
    ...root(`/srv/uploads/${name}`),
    onlyIfMissing: true,
  }));
  await put(disk, { [`${PLACE}/new/srv/uploads/c`]: 'new c' });
  const units = await planSwap(roots, planning(disk));
  await swapIn(units, workOn(disk));
  expect(await liveTree(disk)).toEqual({ ...OLD, '/srv/uploads/c': 'new c' });
  await swapBack(units, workOn(disk));
  expect(await liveTree(disk)).toEqual(OLD);
});

test('what somebody removed from the new files makes no way back move the only copy', async () => {
  const { disk, units } = await openDisk();
  await disk.unlink(`${PLACE}/new/srv/uploads/a`);
  await disk.removeFolder(`${PLACE}/new/srv/uploads`);
  const gone = { code: 'CHANGE_FILES_GONE', details: { path: '/srv/uploads' } };
  await expect(swapBack(units, workOn(disk))).rejects.toMatchObject(gone);
  await expect(swapIn(units, workOn(disk))).rejects.toMatchObject(gone);
  expect(await liveTree(disk)).toEqual(OLD);
  // As the error says.
  await put(disk, { [`${PLACE}/new/srv/uploads`]: '' });
  await swapBack(units, workOn(disk));
  expect(await liveTree(disk)).toEqual(OLD);
});

test('what came in and is taken out again is told before, and only then', async () => {
  const { disk, units } = await openDisk();
  const told: string[] = [];
  const tell = async () => void told.push((await liveTree(disk))['/srv/.env'] ?? '');
  await swapBack(units, workOn(disk), tell);
  expect(told).toEqual([]);
  await swapIn(units, workOn(disk));
  await swapBack(units, workOn(disk), tell);
  expect(told).toEqual(['new env']);
});

/** A database that was stopped cleanly, and the plan of it, after which nothing was moved. */
async function openClean() {
  const disk = new DurableFileLayer();
  await put(disk, { '/srv/prod.db': 'SQLite old', '/srv/z': 'old z' });
  await put(disk, { [`${PLACE}/new/srv/prod.db`]: 'SQLite new', [`${PLACE}/new/srv/z`]: 'new z' });
  const roots = [root('/srv/z'), root('/srv/prod.db')];
  return { disk, roots, units: await planSwap(roots, planning(disk)) };
}

/** Somebody started the app nevertheless, and it was killed. */
const RAN: Tree = { '/srv/prod.db-wal': 'rows since', '/srv/prod.db-shm': 'index since' };
const CLEAN: Tree = { '/srv/prod.db': 'SQLite old', '/srv/z': 'old z' };

test.each([undefined, `${PLACE}/old/srv/prod.db`])(
  'a -wal that came beside the old database before that had left stays with it on the way back (cut off at %s)',
  async (cut) => {
    const { disk, units } = await openClean();
    const layer = interceptFileLayer(disk, ({ name, path }) => {
      if (name === 'rename' && path === cut) throw new Error('killed');
    });
    if (cut !== undefined) await swapIn(units, workOn(layer)).catch(() => {});
    await put(disk, RAN);
    await swapBack(units, workOn(disk));
    expect(await liveTree(disk)).toEqual({ ...CLEAN, ...RAN });
  },
);

test.each([undefined, `${PLACE}/old/srv/prod.db`])(
  'a -wal that came beside the old database before that had left goes aside with it (cut off at %s)',
  async (cut) => {
    const { disk, roots, units } = await openClean();
    const layer = interceptFileLayer(disk, ({ name, path }) => {
      if (name === 'rename' && path === cut) throw new Error('killed');
    });
    if (cut !== undefined) await swapIn(units, workOn(layer)).catch(() => {});
    await put(disk, RAN);
    const again = await planAgain(units, { roots, planning: planning(disk) });
    await swapIn(again, workOn(disk));
    expect(await liveTree(disk)).toEqual({ '/srv/prod.db': 'SQLite new', '/srv/z': 'new z' });
    const kept = await treeOf(disk, `${PLACE}/old/srv`);
    expect(kept[`${PLACE}/old/srv/prod.db-wal`]).toBe('rows since');
    for (let deaths = 0; ; deaths += 1) {
      const back = disk.clone();
      const { layer: mortal, died } = killedAt(back, deaths + 1);
      await swapBack(again, workOn(mortal)).catch(() => {});
      await swapBack(again, workOn(back));
      expect(await liveTree(back)).toEqual({ ...CLEAN, ...RAN });
      if (!died()) break;
    }
  },
);

test('entries that came into a mount point after the plan go aside like the others', async () => {
  const { disk, units } = await openDisk();
  await put(disk, { '/srv/mnt/since': 'came since' });
  const again = await planAgain(units, { roots: ROOTS, planning: planning(disk) });
  await swapIn(again, workOn(disk));
  expect(await liveTree(disk)).toEqual(NEW);
});
