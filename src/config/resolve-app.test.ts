import { expect, test } from 'vitest';
import { parseConfig } from './load-config.ts';
import { chooseApp, resolveApp } from './resolve-app.ts';

/** A machine with these paths and the folders above them. */
function machine(...paths: string[]) {
  return { exists: (path: string) => paths.some((at) => at === path || at.startsWith(`${path}/`)) };
}

function config(text: string) {
  return parseConfig(text, { fileName: '/etc/keepsake/keepsake.yaml' });
}

const wishlist = config('apps: {wishlist: {preset: wishlist}}');
const ownUser = machine('/opt/wishlist/repo/package.json', '/opt/wishlist/data/prod.db');
const lxc = machine(
  '/opt/wishlist/package.json',
  '/opt/wishlist/entrypoint.sh',
  '/opt/wishlist/data/prod.db',
  '/etc/systemd/system/wishlist.service',
);
const container = machine('/.dockerenv', '/usr/src/app/data/prod.db', '/usr/src/app/entrypoint.sh');

test('the layout with a service user of its own: data, uploads and unit, but not the code', () => {
  expect(resolveApp(wishlist, 'wishlist', ownUser)).toMatchObject({
    layout: 'own-user',
    root: '/opt/wishlist',
    databases: ['/opt/wishlist/data/prod.db'],
    paths: [
      '/opt/wishlist/data',
      '/opt/wishlist/uploads',
      '/opt/wishlist/.env',
      '/opt/wishlist/repo/.env',
      '/etc/systemd/system/wishlist.service',
    ],
    service: { systemd: 'wishlist.service' },
    owner: 'wishlist:wishlist',
    workingDirectory: '/opt/wishlist/repo',
    drill: { workingDirectory: '/opt/wishlist/repo' },
    code: { folder: '/opt/wishlist/repo' },
  });
});

test("the Proxmox script's layout: of the source tree only what is not in the release", () => {
  expect(resolveApp(wishlist, 'wishlist', lxc)).toMatchObject({
    layout: 'proxmox-lxc',
    paths: [
      '/opt/wishlist/data',
      '/opt/wishlist/uploads',
      '/opt/wishlist/.env',
      '/opt/wishlist/Caddyfile',
      '/etc/systemd/system/wishlist.service',
      '/root/.wishlist',
    ],
    optionalPaths: [
      '/opt/wishlist/Caddyfile',
      '/etc/systemd/system/wishlist.service',
      '/root/.wishlist',
    ],
    health: { url: 'http://127.0.0.1:3280/login', status: 200 },
    workingDirectory: '/opt/wishlist',
  });
});

test('the Docker layout, inside the container and beside the compose file', () => {
  const inside = resolveApp(wishlist, 'wishlist', container);
  expect(inside).toMatchObject({ layout: 'docker', root: '/usr/src/app' });
  expect(inside.paths.slice(0, 2)).toEqual(['/usr/src/app/data', '/usr/src/app/uploads']);
  const host = machine('/srv/gifts/compose.yaml', '/srv/gifts/data/prod.db');
  const rooted = config('apps: {wishlist: {preset: wishlist, root: /srv/gifts}}');
  expect(resolveApp(rooted, 'wishlist', host)).toMatchObject({
    layout: 'docker',
    databases: ['/srv/gifts/data/prod.db'],
    service: { docker: 'wishlist' },
  });
});

test('rows that name uploads are known in every layout', () => {
  for (const facts of [ownUser, lxc, container]) {
    const { references, root } = resolveApp(wishlist, 'wishlist', facts);
    expect(references).toEqual(
      [
        ['items', 'imageUrl'],
        ['user', 'picture'],
      ].map(([table, column]) => ({
        database: `${root}/data/prod.db`,
        table,
        column,
        folder: `${root}/uploads`,
        ignore: 'url',
      })),
    );
  }
});

test('on an empty machine the layout can be named, and is asked for otherwise', () => {
  const named = config('apps: {w: {preset: wishlist, layout: own-user}}');
  expect(resolveApp(named, 'w', machine()).root).toBe('/opt/wishlist');
  expect(() => resolveApp(wishlist, 'wishlist', machine())).toThrow(
    expect.objectContaining({
      code: 'CONFIG_LAYOUT_UNKNOWN',
      hint: expect.stringContaining('proxmox-lxc in /opt/wishlist; docker in /usr/src/app'),
    }),
  );
});

test('a preset without its layout still serves whoever says root, databases and files', () => {
  const told = config(
    'apps: {w: {preset: wishlist, root: /x, databases: [data/prod.db], files: [uploads]}}',
  );
  expect(resolveApp(told, 'w', machine())).toMatchObject({
    layout: undefined,
    paths: ['/x/data/prod.db', '/x/uploads'],
  });
});

test('each key of the config replaces what the preset says, and no other', () => {
  const own = config(
    'apps: {w: {preset: wishlist, files: [uploads/], exclude: [./uploads/tmp, "*.part"], run-as: me}}',
  );
  const app = resolveApp(own, 'w', lxc);
  expect(app.paths).toEqual(['/opt/wishlist/data/prod.db', '/opt/wishlist/uploads']);
  expect(app.optionalPaths).toEqual([]);
  expect(app.exclude).toEqual(['/opt/wishlist/uploads/tmp', '*.part']);
  expect(app.runAs).toBe('me');
  expect(app.owner).toBe('root:root');
});

test('sqlite-app: without lists the whole root, with them what they say', () => {
  const apps = config(
    'apps: {a: {root: /srv/a/}, b: {root: /srv/b, files: [x, x/y, ../up]}, c: {}}',
  );
  expect(resolveApp(apps, 'a', machine())).toMatchObject({ databases: [], paths: ['/srv/a'] });
  expect(resolveApp(apps, 'b', machine()).paths).toEqual(['/srv/b/x', '/srv/up']);
  expect(() => resolveApp(apps, 'c', machine())).toThrow(
    'app "c" has no root, and the preset "sqlite-app" cannot guess one',
  );
});

test('a reference to a database that is not listed is an error, not a silent gap', () => {
  const apps = config('apps: {w: {preset: wishlist, databases: [prod.db]}}');
  expect(() => resolveApp(apps, 'w', lxc)).toThrow(
    'app "w": references name the database /opt/wishlist/data/prod.db, which is not one of its databases',
  );
});

test('a drill in the restored copy keeps its placeholder', () => {
  const apps = config(
    'apps: {a: {root: /a, drill: {command: [x]}}, b: {root: /b, drill: {command: [x], working-directory: "{root}/app"}}}',
  );
  expect(resolveApp(apps, 'a', machine()).drill?.workingDirectory).toBe('{root}');
  expect(resolveApp(apps, 'b', machine()).drill?.workingDirectory).toBe('{root}/app');
});

test('the app is the one named, or the only one', () => {
  const two = config('apps: {wishlist: {root: /a}, notes: {root: /b}}');
  expect(chooseApp(two, 'notes')).toBe('notes');
  expect(chooseApp(wishlist)).toBe('wishlist');
  expect(() => chooseApp(two)).toThrow('the config has 2 apps, and the command names none');
  expect(() => chooseApp(two, 'wishlst')).toThrow('did you mean "wishlist"?');
  expect(() => chooseApp(two, 'constructor')).toThrow('the config has no app "constructor"');
  expect(() => chooseApp(config('apps: {}'))).toThrow('the config names no app');
});
