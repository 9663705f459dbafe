/** The machine is gone: docs/recovery/4-machine-gone.md, walked through. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { PASSWORD } from '../support/cli-lab.ts';
import { requirePages } from '../support/page-shell.ts';
import { openPageShell, openProtectedApp, type ProtectedApp } from '../support/protected-app.ts';
import { restic } from '../support/restic.ts';

const MORTAL = fileURLToPath(new URL('../support/mortal-files-main.ts', import.meta.url));
const NOBODY = 65_534;

let lab: ProtectedApp;
let snapshot: string;
let configText: string;
let before: { readonly rows: string[]; readonly looks: string[] };
let commit: string;

const at = (...parts: string[]): string => lab.join(...parts);
const passwordFile = (): string => at('etc/keepsake/password');
const unitFile = (): string => at('root/etc/systemd/system/wishlist.service');
const code = (): string => join(lab.app.root, 'repo');
const gone = (): string[] => [
  lab.app.root,
  at('etc'),
  at('root/etc'),
  at('state'),
  at('home'),
  at('keepsake.yaml'),
];
/** As on a machine that has no config. */
const bare = { KEEPSAKE_CONFIG: '' };

function git(folder: string, ...args: string[]): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
  return execFileSync('git', ['-C', folder, ...identity, ...args], { env, encoding: 'utf8' });
}

function makeCheckout(): void {
  git(at(), 'init', '-q', '--bare', '-b', 'main', at('origin.git'));
  git(at(), 'init', '-q', '-b', 'main', code());
  git(code(), 'remote', 'add', 'origin', at('origin.git'));
  writeFileSync(join(code(), 'package.json'), '{ "version": "0.65.1" }');
  git(code(), 'add', 'package.json');
  git(code(), 'commit', '-q', '-m', 'one');
  git(code(), 'push', '-q', 'origin', 'HEAD:main');
  commit = git(code(), 'rev-parse', 'HEAD').trim();
}

function configure(): void {
  const { service, health } = lab.app;
  const reference = { database: 'data/prod.db', folder: 'uploads' };
  const app = {
    root: lab.app.root,
    databases: ['data/prod.db'],
    files: ['data', 'uploads', '.env', 'repo/.env', unitFile()],
    references: [{ ...reference, table: 'items', column: 'imageUrl' }],
    owner: 'nobody',
    'run-as': 'root',
    'version-file': 'repo/package.json',
    code: { folder: 'repo', build: [['touch', 'built']] },
    service,
    health: { ...health, timeout: '8 s' },
  };
  const config = { repository: lab.repository, 'password-file': 'etc/keepsake/password' };
  configText = `# of the machine that is gone\n${JSON.stringify({ ...config, apps: { wishlist: app } })}`;
  writeFileSync(lab.config, configText);
  chmodSync(lab.config, 0o640);
}

/** Owner, mode and place of everything that is to come back. */
function looks(): string[] {
  const { root } = lab.app;
  const paths = ['', 'data', 'data/prod.db', 'uploads', '.env', 'repo', 'repo/.env'];
  const pictures = lab.uploads().map((name) => join('uploads', name));
  const all = [...paths, ...pictures].map((path) => join(root, path));
  return [...all, unitFile(), dirname(unitFile())].map((path) => {
    const { uid, gid, mode } = lstatSync(path);
    return [path, uid, gid, mode.toString(8)].join(' ');
  });
}

beforeAll(async () => {
  lab = await openProtectedApp();
  const { root, folders } = lab.app;
  makeCheckout();
  writeFileSync(join(code(), '.env'), 'ORIGIN=http://127.0.0.1\n', { mode: 0o600 });
  for (const path of [join(root, 'data'), folders.uploads, folders.database]) {
    chownSync(path, NOBODY, NOBODY);
  }
  chmodSync(root, 0o2751);
  chmodSync(join(root, 'data'), 0o750);
  chmodSync(dirname(unitFile()), 0o711);
  configure();
  snapshot = await lab.backUp();
  before = { rows: await lab.names(), looks: looks() };
  await lab.app.stop();
});
afterAll(() => lab[Symbol.asyncDispose]());

/** The machine is gone. */
beforeEach(() => {
  for (const path of gone()) rmSync(path, { recursive: true, force: true });
  mkdirSync(at('home'));
});

function expectNothing(): void {
  for (const path of [lab.app.root, at('etc'), at('root/etc'), lab.config]) {
    expect(existsSync(path), path).toBe(false);
  }
}

function expectRebuilt(): void {
  expect(looks()).toEqual(before.looks);
  expect(readFileSync(lab.config, 'utf8')).toBe(configText);
  expect(lstatSync(lab.config).mode & 0o777).toBe(0o640);
  expect(lab.places(at())).toEqual([]);
}

test('killed when all but the config is in place, the same command finishes it', async () => {
  const dies = {
    NODE_OPTIONS: `--import=${MORTAL}`,
    // The first change there is the folder of the password file.
    KEEPSAKE_TEST_DIES: `${at('etc')}|1|before`,
  };
  const killed = lab.keepsake(['rebuild', '--yes'], { env: { ...bare, ...dies } });
  await expect(killed).rejects.toThrow('ended with SIGKILL');
  expect(looks()).toEqual(before.looks);
  expect(existsSync(lab.config)).toBe(false);
  const { stdout } = await lab.keepsake(['rebuild', '--yes'], { env: bare });
  expect(stdout).toMatch(/^goes on with the one begun /m);
  expect(stdout).toContain('left to do, in this order:');
  expectRebuilt();
});

test('what stands there is not overwritten: it is named, and nothing is changed', async () => {
  mkdirSync(join(lab.app.root, 'uploads'), { recursive: true });
  writeFileSync(join(lab.app.root, 'uploads/picture'), 'taken since');
  writeFileSync(lab.config, 'apps: {}\n');
  const { stderr } = await lab.keepsake(['rebuild', '--yes'], { exits: 1, env: bare });
  expect(stderr).toContain(`${lab.app.root}/uploads, ${lab.config} (another text)`);
  expect(stderr).toContain(`keepsake restore ${snapshot.slice(0, 8)}`);
  expect(existsSync(join(lab.app.root, 'data'))).toBe(false);
  expect(existsSync(unitFile())).toBe(false);
});

test('without a yes the plan is shown, and nothing happens', async () => {
  const { stderr, stdout } = await lab.keepsake(['rebuild'], { exits: 2, env: bare });
  expect(stderr).toContain('--yes');
  expect(stdout).toMatch(/^bring +\S+\/wishlist\/data: 1 file, /m);
  expect(stdout).toMatch(/^user +nobody: is there, number 65534$/m);
  expect(stdout).toMatch(/^password +\S+: is written/m);
  expect(stdout).toContain(`code      not in the backup: ${code()} is left to do`);
  expectNothing();
});

test('a wrong password changes nothing', async () => {
  const env = { ...bare, KEEPSAKE_PASSWORD: 'wrong' };
  await lab.keepsake(['rebuild', '--yes'], { exits: 12, env });
  expectNothing();
});

test.skipIf(!requirePages('git'))(
  'the lines of the page bring the app back with rows, owners, unit and config, and what they leave to do starts it',
  async () => {
    const page = openPageShell(lab, '4-machine-gone.md', {
      env: { ...bare, KEEPSAKE_PASSWORD: undefined },
    });
    const password = { after: 'password for', type: `${PASSWORD}\r` };
    const said = await page.run('keepsake -r /mnt/backup/wishlist rebuild', {
      answers: [password, password, { after: 'go on? [y/N]', type: 'y\r' }],
    });
    expect(said('keepsake -r /mnt/backup/wishlist rebuild --dry-run')).toContain(
      'nothing was changed',
    );
    const rebuilt = said('keepsake -r /mnt/backup/wishlist rebuild');
    expect(rebuilt).toContain(`rebuild of wishlist from snapshot ${snapshot.slice(0, 8)}`);
    expect(rebuilt).not.toContain(PASSWORD);
    expectRebuilt();
    expect(readFileSync(passwordFile(), 'utf8').trim()).toBe(PASSWORD);
    expect(lstatSync(passwordFile()).mode & 0o777).toBe(0o600);
    expect(await lab.app.calls()).toContain('systemctl --no-ask-password daemon-reload');
    expect(await lab.app.state()).toBe('inactive');
    finishByHand(rebuilt);
    await lab.app.untilUp();
    expect(await lab.names()).toEqual(before.rows);
    const [summary] = messages(await lab.keepsake(['--json', 'backup']), 'summary');
    expect(summary).toMatchObject({ files_new: 0, outcome: 'ok' });
    await lab.app.stop();
  },
);

/** What is left to do, up to the start of the app, as it was printed. */
function finishByHand(rebuilt: string): void {
  expect(rebuilt).toContain("1. the app's code, version 0.65.1");
  const lines = rebuilt.split('\n').filter((line) => line.startsWith('       '));
  const end = lines.findIndex((line) => line.includes('systemctl enable --now wishlist.service'));
  const script = lines
    .slice(0, end + 1)
    .join('\n')
    .replace('enable --now', 'start');
  const env = { ...process.env, ...lab.app.env, GIT_CONFIG_GLOBAL: '/dev/null' };
  execFileSync('sh', ['-euc', script], { env });
  expect(git(code(), 'rev-parse', 'HEAD').trim()).toBe(commit);
  expect(readFileSync(join(code(), 'built'), 'utf8')).toBe('');
}

test('of several apps one has to be named, and a snapshot without a config says what can be done', async () => {
  const plain = ['backup', '--host', 'other', '--tag', 'app:paperless', at('origin.git/HEAD')];
  await restic(lab.repository, PASSWORD, plain);
  const config = ['dump', snapshot, '/.keepsake/config.yaml'];
  expect((await restic(lab.repository, PASSWORD, config)).stdout).toBe(configText);
  const { stderr } = await lab.keepsake(['rebuild', '--yes'], { exits: 2, env: bare });
  expect(stderr).toContain('`keepsake rebuild --app paperless --host other`');
  const both = await lab.keepsake(['rebuild', '--app', 'wishlist', '-n'], { env: bare });
  expect(both.stdout).toContain('rebuild of wishlist from snapshot');
  const paperless = ['rebuild', '--app', 'paperless', '--yes'];
  const { stderr: told } = await lab.keepsake(paperless, { exits: 1, env: bare });
  expect(told).toMatch(/snapshot \w{8} holds no keepsake.yaml$/m);
  expect(told).toMatch(/`keepsake restore \w{8} --target DIR --verify` copies it out/);
  expectNothing();
});
