import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { MemoryBlobStore } from '../../../test/support/memory-blob-store.ts';
import { fileNode, folderNode, treeOf } from '../../../test/support/tree-builder.ts';
import { tempFolder, type TempFolder } from '../../../test/support/temp-folder.ts';
import type { Node } from '../../format/node.ts';
import { findTargets } from './find-targets.ts';

/** A backup of `app/data` with a database in it, `app/uploads`, `app/.env` and `app.db`. */
async function openBackup() {
  const dir = await tempFolder();
  const store = new MemoryBlobStore();
  const file = (name: string): Node => fileNode(store, name, [name]);
  let node = folderNode(store, 'app', [
    folderNode(store, 'data', [file('prod.db')]),
    folderNode(store, 'uploads', [file('a.jpg'), folderNode(store, 'small', [])]),
    file('.env'),
  ]);
  let nodes = [node, file('app.db')];
  for (const name of dir.path.split('/').slice(1).toReversed()) {
    node = folderNode(store, name, nodes);
    nodes = [node];
  }
  const own = folderNode(store, '.keepsake', [file('manifest.json')]);
  const tree = treeOf(store, [own, node]);
  const paths = ['app/data', 'app/uploads', 'app/.env', 'app.db'].map((path) => dir.join(path));
  return {
    dir,
    find: async ({
      mounted = [],
      ignored = [],
    }: { mounted?: string[]; ignored?: string[] } = {}) => {
      const { wanted, inTheWay } = await findTargets({
        reader: store,
        snapshot: { tree, paths },
        databases: [dir.join('app/data/prod.db'), dir.join('app.db')],
        mountPoints: new Set(mounted.map((path) => dir.join(path))),
        ignored: new Set(ignored.map((path) => dir.join(path))),
      });
      const short = (path: string): string => path.slice(dir.path.length + 1);
      return { wanted: wanted.map(short), inTheWay: inTheWay.map(short) };
    },
  };
}

function write(dir: TempFolder, path: string): void {
  mkdirSync(dirname(dir.join(path)), { recursive: true });
  writeFileSync(dir.join(path), '');
}

test('the topmost folder that is missing comes whole, and nothing of Keepsake’s own', async () => {
  const { dir, find } = await openBackup();
  await using _dir = dir;
  expect(await find()).toEqual({ wanted: ['app', 'app.db'], inTheWay: [] });
});

test('a folder above the paths that is there is gone through, whatever else is in it', async () => {
  const { dir, find } = await openBackup();
  await using _dir = dir;
  write(dir, 'app/other');
  const wanted = ['app/.env', 'app/data', 'app/uploads', 'app.db'];
  expect(await find()).toEqual({ wanted, inTheWay: [] });
});

test('folders with nothing but folders are empty, a disk with its lost+found, leftovers of our own', async () => {
  const { dir, find } = await openBackup();
  await using _dir = dir;
  mkdirSync(dir.join('app/uploads/small/smaller'), { recursive: true });
  mkdirSync(dir.join('app/data/lost+found'), { recursive: true });
  write(dir, 'app/uploads/leftover/file');
  const found = await find({ mounted: ['app/data'], ignored: ['app/uploads/leftover'] });
  expect(found.inTheWay).toEqual([]);
  expect(found.wanted).toContain('app/uploads');
});

test('what stands there is in the way: files, filled folders, a link, a file for a folder', async () => {
  const { dir, find } = await openBackup();
  await using _dir = dir;
  write(dir, 'app/data/prod.db');
  write(dir, 'app/uploads');
  symlinkSync('nowhere', dir.join('app/.env'));
  expect((await find()).inTheWay).toEqual(['app/.env', 'app/data', 'app/uploads']);
});

test('a file where a folder above the paths should be is in the way', async () => {
  const { dir, find } = await openBackup();
  await using _dir = dir;
  write(dir, 'app');
  expect(await find()).toEqual({ wanted: ['app.db'], inTheWay: ['app'] });
});

test('an old -wal where a database comes by itself is in the way: SQLite would replay it', async () => {
  const { dir, find } = await openBackup();
  await using _dir = dir;
  write(dir, 'app.db-wal');
  expect(await find()).toEqual({ wanted: ['app', 'app.db'], inTheWay: ['app.db-wal'] });
});
