import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder, type TempFolder } from '../../../test/support/temp-folder.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import { planView, type ViewOptions } from './drill-view.ts';

const somebody = { name: 'somebody', uid: 4321, gid: 4321, home: '/' };

function put(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
}

/** An app whose code lies in its root, and a restored copy of its data. */
function layOut(dir: TempFolder, changes: Partial<ViewOptions> = {}): ViewOptions {
  const root = dir.join('app');
  const target = dir.join('state/scratch/run/restored');
  for (const place of [root, `${target}${root}`]) {
    put(`${place}/data/prod.db`);
    put(`${place}/uploads/a.webp`);
    put(`${place}/.env`);
  }
  chmodSync(dir.path, 0o755);
  chmodSync(dir.join('state'), 0o700);
  const app = {
    root,
    databases: [`${root}/data/prod.db`],
    paths: ['data', 'uploads', '.env', 'not-there'].map((name) => `${root}/${name}`),
    references: [],
  } as unknown as ResolvedApp;
  const runFolder = dirname(target);
  return { app, target, runFolder, user: undefined, workingFolder: root, ...changes };
}

const binds = ({ mounts }: ReturnType<typeof planView>) =>
  mounts.flatMap((mount) => (mount.kind === 'bind' ? [mount.to] : []));

test('the copy is seen wherever there is live data, the rest of the app is read-only', async () => {
  await using dir = await tempFolder();
  const options = layOut(dir);
  const view = planView(options);
  const at = (name: string) => dir.join('app', name);
  expect(binds(view)).toEqual([at('data'), at('uploads'), at('.env')]);
  expect(view.mounts).toContainEqual({ kind: 'read-only', path: dir.join('app') });
  // What is mounted over it stays writable.
  const kinds = view.mounts.map(({ kind }) => kind);
  expect(kinds.lastIndexOf('read-only')).toBeLessThan(kinds.indexOf('bind'));
  expect(view.isCovered).toBe(false);
});

test('where all of the root is backed up, the code stays and only data is replaced', async () => {
  await using dir = await tempFolder();
  const options = layOut(dir);
  const app = { ...options.app, paths: [options.app.root] };
  expect(binds(planView({ ...options, app }))).toEqual([dir.join('app/data')]);
});

test('a link in the copy is not followed to live data', async () => {
  await using dir = await tempFolder();
  const options = layOut(dir);
  const { app, target } = options;
  const linked = { ...app, paths: [`${app.root}/linked`] };
  mkdirSync(`${app.root}/linked`);
  symlinkSync(app.root, `${target}${app.root}/linked`);
  expect(binds(planView({ ...options, app: linked }))).toEqual([dir.join('app/data')]);
});

test('a user who may not pass a folder on the way sees the private folder in place of it', async () => {
  await using dir = await tempFolder();
  const options = layOut(dir, { user: somebody });
  const view = planView(options);
  expect(view.isCovered).toBe(true);
  expect(view.mounts[0]).toEqual({
    kind: 'bind',
    from: options.runFolder,
    to: dir.join('state'),
  });
  expect(view.seenAt(options.target)).toBe(dir.join('state/restored'));
  chmodSync(dir.join('state'), 0o711);
  chmodSync(dir.join('state/scratch'), 0o711);
  expect(planView(options).isCovered).toBe(false);
});
