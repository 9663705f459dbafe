import { expect, test } from 'vitest';
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import { parseConfig } from './load-config.ts';

function problemsOf(text: string): string {
  try {
    parseConfig(text, { fileName: 'keepsake.yaml' });
  } catch (error) {
    if (isKeepsakeError(error, 'CONFIG_INVALID')) return error.message;
    throw error;
  }
  return 'no problem';
}

test('every problem is told at once, with its place, in the order of the file', () => {
  const text = `repositry: /x
password: hunter2
lock-limit: 3s
capture: {lock-limit: 2, busy-limit: 3 parsecs}
pack-size: 1 MiB
apps:
  Wish List: {}
  wishlist:
    preset: wishlst
    databses: [a]
    root: opt/x
    files: uploads
    owner: 12
    service: {systemd: a, docker: b}
    health: {url: foo, status: 900}
    references: [{database: a, table: b, colum: c, folder: ~/x}]
    drill: {command: []}
`;
  expect(problemsOf(text)).toMatchInlineSnapshot(`
    "keepsake.yaml has 19 problems:
      keepsake.yaml:1:1: repositry: unknown key, did you mean "repository"?
      keepsake.yaml:2:1: password: a password does not belong in this file; put it in a file of its own and name that in password-file
      keepsake.yaml:3:1: lock-limit: unknown key here; it belongs at capture.lock-limit
      keepsake.yaml:4:23: capture.lock-limit: is not a time with a unit (ms, s, min, h, d), such as "2s"
      keepsake.yaml:4:38: capture.busy-limit: is not a time with a unit (ms, s, min, h, d), such as "2s"
      keepsake.yaml:5:12: pack-size: must be from 4 MiB to 128 MiB, as restic has it
      keepsake.yaml:7:3: apps.Wish List: an app's name is lower-case letters, digits and hyphens, at most 63 of them
      keepsake.yaml:9:13: apps.wishlist.preset: is not one of sqlite-app, wishlist; did you mean "wishlist"?
      keepsake.yaml:10:5: apps.wishlist.databses: unknown key, did you mean "databases"?
      keepsake.yaml:11:11: apps.wishlist.root: must be an absolute path, one that begins with "/"
      keepsake.yaml:12:12: apps.wishlist.files: must be a list, not text; write it as [ … ]
      keepsake.yaml:13:12: apps.wishlist.owner: must be text, not a number; put it in quotes
      keepsake.yaml:14:14: apps.wishlist.service: needs exactly one of systemd, docker and commands
      keepsake.yaml:15:19: apps.wishlist.health.url: is not a URL that begins with http:// or https://
      keepsake.yaml:15:32: apps.wishlist.health.status: is not an HTTP status from 100 to 599
      keepsake.yaml:16:18: apps.wishlist.references[0].column: is missing; it must be text
      keepsake.yaml:16:42: apps.wishlist.references[0].colum: unknown key, did you mean "column"?
      keepsake.yaml:16:60: apps.wishlist.references[0].folder: must be written whole, "~" is not expanded
      keepsake.yaml:17:22: apps.wishlist.drill.command: needs at least the program"
  `);
});

test.each([
  [''],
  ['# nothing but a remark'],
  ['- a list'],
  ['apps: ['],
  ['host: a\nhost: b'],
  ['\thost: a'],
  ['host: a\n---\nhost: b'],
  ['apps: !!foo {}'],
  ['apps: *nowhere'],
  ['apps:\n  __proto__: {}'],
  ['apps:\n  w:\n'],
  ['apps: {w: {environment: {A: 1}}}'],
  ['apps: {w: {root: ""}}'],
  ['apps: {w: {service: {}}}'],
  ['apps: {w: {service: wishlist.service}}'],
  ['repository: 3'],
  ['repository: {ur: /x}'],
  ['repository: rest:https://me:secret@host/'],
  ['password-command: pass show x'],
  ['repository: {url: /x, password-file: a}\npassword-command: [b]'],
])('%j is refused in words', (text) => {
  expect(problemsOf(text)).toMatchSnapshot();
});

test('a value in the wrong place is never repeated, for it may be a secret', () => {
  const text =
    'password: hunter2\nhost: [hunter2]\ncapture: hunter2\napps: {w: {owner: "hunter 2"}}';
  expect(problemsOf(text)).toMatch(/4 problems/);
  expect(problemsOf(text)).not.toMatch(/hunter/);
});

test('the file of a billion laughs is refused, not unfolded', () => {
  const levels = Array.from({ length: 12 }, (_, level) => {
    const items =
      level === 0 ? 'lol' : Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ');
    return `k${level}: &a${level} [${items}]`;
  });
  expect(problemsOf(levels.join('\n'))).toMatch(/alias/);
});

test('an empty app list and a byte order mark are fine', () => {
  expect(problemsOf('\uFEFFapps: {}')).toBe('no problem');
});

test('defaults are filled in, times become milliseconds, sizes bytes', () => {
  const config = parseConfig('apps: {w: {root: /srv/w, health: {url: "http://x/"}}}', {
    fileName: 'keepsake.yaml',
  });
  expect(config.capture).toEqual({
    method: 'raw',
    check: 'daily',
    lockLimitMs: 2000,
    busyLimitMs: 10_000,
  });
  expect(config.packSizeBytes).toBe(16 * 2 ** 20);
  expect(config.apps['w']).toMatchObject({
    preset: 'sqlite-app',
    health: { url: 'http://x/', status: 200, timeoutMs: 60_000, not: [] },
  });
  expect([...config.given]).toEqual([
    'apps',
    'apps.w',
    'apps.w.root',
    'apps.w.health',
    'apps.w.health.url',
  ]);
});

test('relative paths begin at the folder of the config file, URLs stay as they are', () => {
  const text = 'repository: ../r\npassword-file: pw\nstate: s\nscratch: /abs\ncache: c';
  expect(parseConfig(text, { fileName: '/etc/keepsake/keepsake.yaml' })).toMatchObject({
    repository: '/etc/r',
    passwordFile: '/etc/keepsake/pw',
    state: '/etc/keepsake/s',
    scratch: '/abs',
    cache: '/etc/keepsake/c',
  });
  const remote = parseConfig('repository: {url: "sftp:b@nas:r", password-command: [pass, x]}', {
    fileName: '/etc/keepsake/keepsake.yaml',
  });
  expect(remote).toMatchObject({ repository: 'sftp:b@nas:r', passwordCommand: ['pass', 'x'] });
});

test('an alias may be used where a value repeats, and a problem behind it has a place', () => {
  const text = 'apps:\n  a: &a {root: /srv/a}\n  b: *a\n';
  expect(parseConfig(text, { fileName: 'k.yaml' }).apps['b']).toMatchObject({ root: '/srv/a' });
  expect(problemsOf('apps:\n  a: &a {rot: /srv/a}\n  b: *a\n')).toMatch(
    /keepsake.yaml:2:\d+: apps.b.rot: unknown key, did you mean "root"/,
  );
});
