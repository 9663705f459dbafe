import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import { guardRoots } from './guard-roots.ts';
import { whatStays } from './what-stays.ts';

function rootsOf(
  app: Partial<ResolvedApp>,
  { whole = [], mounts = [] }: { whole?: string[]; mounts?: string[] } = {},
): string[] {
  const { roots } = guardRoots({
    id: '00000001',
    app: { root: '/srv/none', exclude: [], paths: [], ...app } as unknown as ResolvedApp,
    mountPoints: new Set(mounts),
    whole,
  });
  return roots.map(({ path }) => path);
}

test('what lies in the code is protected with it, once', () => {
  const paths = ['/srv/none/data', '/srv/none/repo/.env'];
  const whole = ['/srv/none/repo'];
  expect(rootsOf({ paths }, { whole })).toEqual(['/srv/none/data', '/srv/none/repo']);
  const everywhere = ['/srv/none/data', '/srv/none/.env', '/etc/none.service'];
  expect(rootsOf({ paths: everywhere }, { whole: ['/srv/none'] })).toEqual([
    '/etc/none.service',
    '/srv/none',
  ]);
});

test('code in a folder of the app is part of that, unless backups leave out what it lies in', () => {
  const whole = ['/srv/none/vendor/repo'];
  expect(rootsOf({ paths: ['/srv/none'] }, { whole })).toEqual(['/srv/none']);
  expect(rootsOf({ paths: ['/srv/none'], exclude: ['vendor'] }, { whole })).toEqual([
    '/srv/none',
    '/srv/none/vendor/repo',
  ]);
  // Named itself, it is replaced with the folder that it lies in.
  expect(rootsOf({ paths: ['/srv/none'], exclude: ['repo'] }, { whole })).toEqual(['/srv/none']);
});

test('a file system mounted in the code is protected where it holds what the app backs up', () => {
  const mounts = ['/srv/none/data', '/srv/none/cache'];
  const paths = ['/srv/none/data/prod.db'];
  expect(rootsOf({ paths }, { whole: ['/srv/none'], mounts })).toEqual([
    '/srv/none',
    '/srv/none/data',
  ]);
});

test('a link in the code to a file outside is followed: that file is protected, too', async () => {
  await using dir = await tempFolder();
  const repo = dir.join('repo');
  mkdirSync(repo);
  writeFileSync(dir.join('settings'), 'secret');
  symlinkSync(dir.join('settings'), dir.join('repo', '.env'));
  const paths = [dir.join('repo', '.env')];
  // By its own name: the link is in the copy of the code.
  expect(rootsOf({ paths }, { whole: [repo] })).toEqual([dir.join('settings'), repo]);
});

test('patterns do not hold in the code', () => {
  const rules = { exclude: ['node_modules'], mountPoints: new Set<string>(), own: [] };
  const { stays } = whatStays({ ...rules, whole: ['/srv/none/repo'] });
  const path = '/srv/none/repo/node_modules';
  expect([stays(path, path), stays('/srv/none/node_modules', '/srv/none/node_modules')]).toEqual([
    false,
    true,
  ]);
});

test('copies lie beside the whole app, where a script that empties its folder does not meet them', async () => {
  await using dir = await tempFolder();
  mkdirSync(dir.join('app', 'data'), { recursive: true });
  const app = { root: dir.join('app'), exclude: [], paths: [dir.join('app', 'data')] };
  const request = { id: '00000001', app: app as unknown as ResolvedApp, whole: [] };
  const { places } = guardRoots({ ...request, mountPoints: new Set() });
  expect(places).toEqual([{ path: dir.join('.keepsake-restore-00000001') }]);
  // Not across file systems.
  const mounted = guardRoots({ ...request, mountPoints: new Set([dir.join('app')]) });
  expect(mounted.places).toEqual([{ path: dir.join('app', '.keepsake-restore-00000001') }]);
});

test('what a link of the app leads out to has its copy where it lies, and is known by both names', async () => {
  await using dir = await tempFolder();
  const [root, link, pictures] = [dir.join('app'), dir.join('app', 'u'), dir.join('far', 'u')];
  mkdirSync(root);
  mkdirSync(pictures, { recursive: true });
  symlinkSync(pictures, link);
  const app = { root, exclude: [], paths: [link] } as unknown as ResolvedApp;
  const request = { id: '00000001', app, mountPoints: new Set<string>() };
  const place = dir.join('far', '.keepsake-restore-00000001');
  expect(guardRoots({ ...request, whole: [] }).roots).toMatchObject([{ path: link, place }]);
  expect(guardRoots({ ...request, whole: [root] }).roots).toMatchObject([
    { path: pictures, linkedFrom: link, place },
    { path: root },
  ]);
});
