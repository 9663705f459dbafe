import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { findSwapRoots, placeFolders } from './swap-roots.ts';
import { whatStays } from './what-stays.ts';

const id = '0000000a';
const place = `.keepsake-restore-${id}`;

function rootsOf(paths: readonly string[], mounts: readonly string[] = [], takes = true) {
  return findSwapRoots({
    id,
    wanted: paths.map((path) => ({ path, within: path })),
    mountPoints: new Set(mounts),
    takesMount: () => takes,
  });
}

test('what is replaced waits beside it, in one folder for all of the same parent', async () => {
  await using dir = await tempFolder();
  const [data, env] = [dir.join('data'), dir.join('.env')];
  const { roots, places } = rootsOf([data, env]);
  expect(places).toEqual([{ path: dir.join(place) }]);
  expect(roots[0]).toMatchObject({
    at: data,
    fresh: join(dir.join(place), 'new', data),
    isMount: false,
  });
});

test('a database inside a path of the app waits beside that path, not among its files', async () => {
  await using dir = await tempFolder();
  const wanted = [{ path: dir.join('data', 'prod.db'), within: dir.join('data') }];
  const found = findSwapRoots({ id, wanted, mountPoints: new Set(), takesMount: () => true });
  expect(found.places).toEqual([{ path: dir.join(place) }]);
});

test('a mount point holds its own place, and so does one below a path', async () => {
  await using dir = await tempFolder();
  const data = dir.join('data');
  mkdirSync(data);
  expect(rootsOf([data], [data]).places).toEqual([{ path: join(data, place) }]);
  const below = rootsOf([data], [join(data, 'big')]);
  expect(below.roots.map(({ at, isMount }) => [at, isMount])).toEqual([
    [data, false],
    [join(data, 'big'), true],
  ]);
  expect(rootsOf([data], [join(data, 'big')], false).roots).toHaveLength(1);
  expect([...placeFolders([data], new Set([join(data, 'big')]))].sort()).toEqual([
    dir.path,
    join(data, 'big'),
  ]);
});

test('a path that is a link is replaced where it leads to', async () => {
  await using dir = await tempFolder();
  mkdirSync(dir.join('disk', 'data'), { recursive: true });
  symlinkSync(dir.join('disk', 'data'), dir.join('data'));
  const [root] = rootsOf([dir.join('data')]).roots;
  expect(root).toMatchObject({ path: dir.join('data'), at: dir.join('disk', 'data') });
  expect(root?.place).toBe(dir.join('disk', place));
});

test('what no backup holds stays: excluded, mounted, and of Keepsake itself', async () => {
  await using dir = await tempFolder();
  mkdirSync(dir.join('app', 'deep', 'node_modules'), { recursive: true });
  mkdirSync(dir.join('app', 'plain'));
  const own = [dir.join('app', 'repository')];
  const exclude = ['node_modules'];
  const rules = whatStays({ exclude, own, mountPoints: new Set() });
  const holds = (...parts: string[]): boolean =>
    rules.holdsWhatStays(dir.join(...parts), dir.join(...parts));
  expect(holds('app', 'deep')).toBe(true);
  expect(holds('app', 'plain')).toBe(false);
  expect(holds('app')).toBe(true);
  expect(rules.stays(own[0] ?? '', own[0] ?? '')).toBe(true);
  expect(rules.stays(dir.join('app', place), dir.join('app', place))).toBe(true);
});
