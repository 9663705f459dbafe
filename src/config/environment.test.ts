import { expect, test } from 'vitest';
import {
  configFileOf,
  requirePassword,
  requireRepository,
  resolveSettings,
} from './environment.ts';
import type { Flags } from './environment.ts';
import { parseConfig } from './load-config.ts';
import type { Variables } from './repository-settings.ts';

const config = parseConfig('repository: /from/config\npassword-file: /pw\nhost: c\nstate: /s', {
  fileName: '/etc/keepsake/keepsake.yaml',
});

function settings(flags: Flags, variables: Variables = {}, withConfig = true) {
  const known = withConfig ? { config } : {};
  return resolveSettings({ flags, variables, isRoot: true, home: '/root', ...known });
}

test('flags win over KEEPSAKE_ variables, those over RESTIC_ ones, those over the config', () => {
  const restic = { RESTIC_REPOSITORY: '/r', RESTIC_PASSWORD: 'rp', RESTIC_HOST: 'r' };
  const keepsake = { KEEPSAKE_REPOSITORY: '/k', KEEPSAKE_PASSWORD_FILE: '/kp', KEEPSAKE_HOST: 'k' };
  const flags = { repository: '/f', passwordCommand: 'pass show "my key"', host: 'f' };
  const origins = [
    settings({}),
    settings({}, restic),
    settings({}, { ...restic, ...keepsake }),
    settings(flags, { ...restic, ...keepsake }),
  ].map(({ repository, password, host }) => [repository?.origin, password?.origin, host]);
  expect(origins).toEqual([
    ['the config file', 'the config file', 'c'],
    ['RESTIC_REPOSITORY', 'RESTIC_PASSWORD', 'r'],
    ['KEEPSAKE_REPOSITORY', 'KEEPSAKE_PASSWORD_FILE', 'k'],
    ['--repo', '--password-command', 'f'],
  ]);
  expect(settings(flags).password).toEqual({
    kind: 'command',
    argv: ['pass', 'show', 'my key'],
    origin: '--password-command',
  });
});

test.each([
  [
    {},
    { RESTIC_REPOSITORY: 'a', RESTIC_REPOSITORY_FILE: 'b' },
    'RESTIC_REPOSITORY and RESTIC_REPOSITORY_FILE both say what the repository is',
  ],
  [
    {},
    { RESTIC_PASSWORD: 'a', RESTIC_PASSWORD_COMMAND: 'b' },
    'RESTIC_PASSWORD_COMMAND and RESTIC_PASSWORD both say what the password is',
  ],
  [
    {},
    { KEEPSAKE_PASSWORD_FILE: 'a', KEEPSAKE_PASSWORD: 'b' },
    'KEEPSAKE_PASSWORD_FILE and KEEPSAKE_PASSWORD both say what the password is',
  ],
  [
    { repository: 'a', repositoryFile: 'b' },
    {},
    '--repo and --repository-file both say what the repository is',
  ],
  [
    { passwordFile: 'a', passwordCommand: 'b' },
    {},
    '--password-file and --password-command both say what the password is',
  ],
])('two ways at one level name both (%#)', (flags, variables, message) => {
  expect(() => settings(flags, variables)).toThrow(message);
});

test('an empty variable counts as unset', () => {
  const variables = { RESTIC_REPOSITORY: '', RESTIC_REPOSITORY_FILE: '/f', RESTIC_PASSWORD: '' };
  expect(settings({}, variables).repository).toMatchObject({ kind: 'file', path: '/f' });
  expect(settings({}, variables).password?.origin).toBe('the config file');
});

test('a password command that cannot be split names the variable, not its text', () => {
  expect(() => settings({}, { RESTIC_PASSWORD_COMMAND: 'echo "hunter2' })).toThrow(
    'RESTIC_PASSWORD_COMMAND: a double quote is not closed',
  );
});

test('without repository or password there is an error of their own', () => {
  const none = settings({}, {}, false);
  expect(() => requireRepository(none)).toThrow('no repository is named');
  expect(() => requirePassword(none)).toThrow('no password for the repository is given');
  expect(requireRepository(settings({}))).toMatchObject({ url: '/from/config' });
  expect(requirePassword(settings({}))).toMatchObject({ path: '/pw' });
});

test('the size of packs is a size, or as restic takes it a number of MiB', () => {
  const mib = (bytes: number) => bytes / 2 ** 20;
  expect(mib(settings({}).packSizeBytes)).toBe(16);
  expect(mib(settings({}, { RESTIC_PACK_SIZE: '32' }).packSizeBytes)).toBe(32);
  expect(mib(settings({ packSize: '64 MiB' }, { RESTIC_PACK_SIZE: '32' }).packSizeBytes)).toBe(64);
  expect(() => settings({}, { RESTIC_PACK_SIZE: '3' })).toThrow('RESTIC_PACK_SIZE: "3" is not');
  expect(() => settings({ packSize: 'big' })).toThrow('--pack-size: "big" is not a size');
});

test('folders: the config, else those of the system for root, else those of XDG', () => {
  expect(settings({})).toMatchObject({
    state: '/s',
    scratch: '/s/scratch',
    cache: '/var/cache/keepsake',
  });
  const own = { flags: {}, isRoot: false, home: '/home/me' };
  expect(resolveSettings({ ...own, variables: {} })).toMatchObject({
    state: '/home/me/.local/state/keepsake',
    cache: '/home/me/.cache/keepsake',
  });
  const xdg = {
    XDG_STATE_HOME: '/x/state',
    XDG_CACHE_HOME: 'relative',
    KEEPSAKE_SCRATCH_DIR: '/tmp/s',
  };
  expect(resolveSettings({ ...own, variables: xdg })).toMatchObject({
    state: '/x/state/keepsake',
    scratch: '/tmp/s',
    cache: '/home/me/.cache/keepsake',
  });
  expect(settings({ noCache: true }, { RESTIC_CACHE_DIR: '/c' }).cache).toBeUndefined();
  expect(settings({}, { RESTIC_CACHE_DIR: '/c' }).cache).toBe('/c');
});

test('a mistyped variable is named, a foreign one is left alone', () => {
  const variables = { KEEPSAKE_REPOSITRY: '/r', KEEPSAKE_TEST_REQUIRED: 's3', KEEPSAKE_HOST: 'h' };
  expect(settings({}, variables).warnings).toEqual([
    'KEEPSAKE_REPOSITRY is not used, did you mean KEEPSAKE_REPOSITORY?',
  ]);
});

test('the config file is named by flag, then by variable', () => {
  expect(configFileOf('a.yaml', { KEEPSAKE_CONFIG: 'b.yaml' })).toBe('a.yaml');
  expect(configFileOf(undefined, { KEEPSAKE_CONFIG: 'b.yaml' })).toBe('b.yaml');
  expect(configFileOf(undefined, {})).toBeUndefined();
});
