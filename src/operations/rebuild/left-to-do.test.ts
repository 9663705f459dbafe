import { expect, test } from 'vitest';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import type { Snapshot } from '../../format/snapshot-file.ts';
import { leftToDo } from './left-to-do.ts';
import type { PlannedCode, RebuildPlan } from './rebuild-input.ts';

const ROOT = '/opt/wishlist';
const ORIGIN = 'https://github.com/cmintey/wishlist.git';
const COMMIT = '4f4ab0f7'.repeat(5);

const app: ResolvedApp = {
  name: 'wishlist',
  preset: 'wishlist',
  layout: 'own-user',
  root: ROOT,
  databases: [`${ROOT}/data/prod.db`],
  paths: [`${ROOT}/data`],
  optionalPaths: [],
  exclude: [],
  references: [],
  service: { systemd: 'wishlist.service' },
  health: { url: 'http://127.0.0.1:3000/login', status: 200, timeoutMs: 60_000, not: [] },
  owner: 'wishlist:wishlist',
  runAs: 'wishlist',
  workingDirectory: `${ROOT}/repo`,
  environment: {},
  drill: undefined,
  code: undefined,
  versionFile: undefined,
};

const code: PlannedCode = {
  folder: `${ROOT}/repo`,
  isInBackup: false,
  holdsFiles: true,
  origin: ORIGIN,
  commit: COMMIT,
  version: '0.65.1',
  build: [['pnpm', 'install', '--frozen-lockfile']],
};

const plan: RebuildPlan = {
  app,
  stored: {
    id: 'a1'.repeat(32),
    snapshot: { time: '2026-11-24T08:00:00Z', tree: '', paths: [], hostname: 'nas' } as Snapshot,
  },
  ageMs: 0,
  location: '/mnt/backup',
  configuredLocation: '/mnt/backup',
  hostDiffers: false,
  paths: [{ path: `${ROOT}/data`, fileCount: 1, sizeBytes: 1 }],
  places: [],
  accounts: [],
  isRoot: true,
  config: { path: '/etc/keepsake/keepsake.yaml', state: 'write' },
  password: { state: 'write', path: '/etc/keepsake/password' },
  unitFile: '/etc/systemd/system/wishlist.service',
  code,
  resumes: undefined,
  notes: [],
};

const done = { accountProblems: [], isReloaded: true };

function linesOf(changes: Partial<RebuildPlan>): string[] {
  return leftToDo({ ...plan, ...changes }, done).flatMap(({ lines }) => [...lines]);
}

function wordsOf(changes: Partial<RebuildPlan>): string {
  return leftToDo({ ...plan, ...changes }, done)
    .map(({ what }) => what)
    .join('\n');
}

test('code, dependencies, service, health and the first backup are said as lines to type', () => {
  const git = `runuser -u wishlist -- git -C ${ROOT}/repo`;
  expect(linesOf({})).toEqual([
    `${git} init -q`,
    `${git} remote add origin ${ORIGIN}`,
    `${git} fetch -q origin`,
    `${git} checkout -q ${COMMIT}`,
    `(cd ${ROOT}/repo && runuser -u wishlist -- pnpm install --frozen-lockfile)`,
    'systemctl enable --now wishlist.service',
    expect.stringContaining('curl'),
    expect.stringContaining('http://127.0.0.1:3000/login'),
    'keepsake config check',
    'keepsake backup --app wishlist',
    'keepsake recovery-sheet --app wishlist',
  ]);
});

test('into a folder that will be empty the code is cloned', () => {
  const lines = linesOf({ code: { ...code, holdsFiles: false } });
  expect(lines[0]).toBe(`runuser -u wishlist -- git clone -q ${ORIGIN} ${ROOT}/repo`);
});

test('where all the app needs is there, its start comes first', () => {
  const [first, ...others] = linesOf({ code: { ...code, isInBackup: true, build: [] } });
  expect(first).toBe('systemctl enable --now wishlist.service');
  expect(others.join()).not.toContain('git');
});

test('code of which only the version is known is named by it', () => {
  const unknown = { ...code, origin: undefined, commit: undefined };
  expect(wordsOf({ code: unknown })).toContain("the app's code, version 0.65.1");
  expect(linesOf({ code: unknown }).join()).not.toContain('git');
});

test('a systemd that did not run, as in a chroot, is made to read the unit later', () => {
  const tasks = leftToDo(plan, { ...done, isReloaded: false });
  const lines = tasks.flatMap((task) => task.lines);
  const at = lines.indexOf('systemctl daemon-reload');
  expect(lines[at + 1]).toBe('systemctl enable --now wishlist.service');
});

test('a unit that was not in the backup, and a container, are said to be made first', () => {
  expect(wordsOf({ unitFile: undefined })).toContain(
    'was not in the backup and must be made first',
  );
  const compose = { path: `${ROOT}/compose.yaml`, fileCount: 1, sizeBytes: 1 };
  const docker = { ...app, service: { docker: 'wishlist' } };
  const lines = linesOf({ app: docker, code: undefined, paths: [compose] });
  expect(lines[0]).toBe(`docker compose -f ${ROOT}/compose.yaml up -d`);
});

test('another repository, host or password than the config has is told, a secret in a URL is not', () => {
  const words = wordsOf({
    location: 'rest:https://me:s3cret@example.org/',
    hostDiffers: true,
    password: { state: 'other', path: '/etc/keepsake/password' },
  });
  expect(words).toContain('this one was read from rest:https://example.org/');
  expect(words).toContain('add `host: nas` to /etc/keepsake/keepsake.yaml');
  expect(words).toContain('/etc/keepsake/password holds another password');
  const without = {
    location: 'rest:https://me:s3cret@example.org/',
    configuredLocation: undefined,
  };
  expect(linesOf(without)).toContain('keepsake -r rest:https://example.org/ backup --app wishlist');
});

test('without root the users and owners are left to do, before all else', () => {
  const argv = ['useradd', '--system', 'wishlist'];
  const problems = [{ account: 'user wishlist', argv, why: 'only root may make it' }];
  const [first] = leftToDo({ ...plan, isRoot: false }, { ...done, accountProblems: problems });
  expect(first?.lines).toEqual([
    'useradd --system wishlist',
    `chown -Rh wishlist:wishlist ${ROOT}/data`,
  ]);
});
