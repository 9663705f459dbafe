import { expect, test } from 'vitest';
import type { TarMember } from '../../source/tar-reader.ts';
import { placeDatabase, placeMembers } from './import-places.ts';
import { MemberTable } from './member-table.ts';

const PLAIN: TarMember = {
  name: '',
  type: 'file',
  stMode: 0o644,
  uid: 0,
  gid: 0,
  user: '',
  group: '',
  mtimeNs: 0n,
  sizeBytes: 5,
  linkTarget: '',
  device: 0n,
  extendedAttributes: [],
};

type Given = Partial<TarMember> & { name: string };

/** A string is a file of that name; one that ends with `.db` a database. */
function tableOf(...members: (string | Given)[]): MemberTable {
  const table = new MemberTable('/a.tar');
  for (const given of members) {
    const member = { ...PLAIN, ...(typeof given === 'string' ? { name: given } : given) };
    table.add(table.keyOf(member), member, { isDatabase: member.name.endsWith('.db') });
  }
  return table;
}

const link = (name: string, linkTarget: string): Given => ({ name, linkTarget, type: 'symlink' });
const hardLink = (name: string, linkTarget: string): Given => ({ name, linkTarget, type: 'link' });

const refused = expect.objectContaining({ code: 'IMPORT_MEMBER_REFUSED' }) as Error;

test.each<[string, (string | Given)[]]>([
  ['a path that climbs', ['../etc/passwd']],
  ['a path that climbs in the middle', ['a/../../etc/passwd']],
  ['a member below a link', [link('a', '/etc'), 'a/passwd']],
  ['a member below a link deep down', [link('a', 'b'), 'a/b/c/d']],
  ['a member below a file', ['a', 'a/b']],
  ['a link in place of a folder with members', ['a/b', link('a', '/etc')]],
  ['a hard link to what is not in it', [hardLink('a', '/etc/shadow')]],
  ['a hard link that climbs', [hardLink('a', '../etc/shadow')]],
])('%s is refused', (_, members) => {
  expect(() => tableOf(...members)).toThrow(refused);
});

test.each<[string, (string | Given)[]]>([
  ['an absolute one', ['opt/w/a', link('opt/w/x', '/etc/shadow')]],
  ['one that climbs beyond the top', ['a', link('x', '../../etc')]],
  ['one that climbs out of all members’ folder', ['opt/w/a', link('opt/w/x', '../../etc/shadow')]],
  ['an absolute one in an archive of /', ['opt/w/a', 'etc/hosts', link('opt/w/x', '/etc/shadow')]],
])('a link that leads out is refused: %s', (_, members) => {
  const table = tableOf(...members);
  expect(() => table.assertLinksStay('/')).toThrow(refused);
});

test('links that stay inside are kept', () => {
  const table = tableOf(
    'opt/w/releases/1/a',
    link('opt/w/current', 'releases/1'),
    link('opt/w/absolute', '/opt/w/releases/1'),
    link('opt/w/releases/up', '../data'),
    link('opt/w/to-root', '/srv/app/data'),
  );
  expect(() => table.assertLinksStay('/srv/app')).not.toThrow();
  expect(() => table.assertLinksStay('/')).toThrow(refused);
});

test('the last member of a name wins, and a hard link stays what it was made of', () => {
  const table = tableOf({ name: 'a', sizeBytes: 1 }, hardLink('b', 'a'), {
    name: './a',
    sizeBytes: 2,
  });
  expect(table.entries.get('a')?.member.sizeBytes).toBe(2);
  expect(table.entries.get('b')).toMatchObject({ linkCount: 1, member: { sizeBytes: 1 } });
});

test('a slash before a name is left out, as tar does', () => {
  const table = tableOf('/opt/w/a');
  expect([...table.entries.keys()]).toEqual(['opt/w/a']);
  expect(table.hadAbsoluteNames).toBe(true);
});

const app = {
  name: 'wishlist',
  root: '/opt/wishlist',
  paths: ['/opt/wishlist/data', '/opt/wishlist/uploads'],
  databases: ['/opt/wishlist/data/prod.db'],
  references: [],
};

test.each([
  ['whole paths', 'opt/wishlist/', 'etc/caddy', '/etc/caddy'],
  ['the root’s own name', 'wishlist/', 'caddy', '/opt/caddy'],
  ['what is in the root', './', undefined, undefined],
  ['the root’s name elsewhere', 'srv/old/wishlist/', undefined, undefined],
  ['a copy that a script left', 'root/wishlist.backup/', 'root/notes', '/root/notes'],
])('members map to the app’s root from %s', (_, prefix, beside, to) => {
  const members = [`${prefix}data/prod.db`, `${prefix}data/prod.db-wal`, `${prefix}uploads/a.webp`];
  const { paths } = placeMembers(
    '/a.tar',
    tableOf(...members, ...(beside === undefined ? [] : [beside])),
    { app },
  );
  expect([...paths.values()].sort()).toEqual(
    [
      '/opt/wishlist/data/prod.db',
      '/opt/wishlist/data/prod.db-wal',
      '/opt/wishlist/uploads/a.webp',
      ...(to === undefined ? [] : [to]),
    ].sort(),
  );
});

test('a database at the top goes where the app has it, with the files beside it', () => {
  const { paths, places } = placeMembers('/a.tar', tableOf('prod.db', 'prod.db-wal', 'uploads/a'), {
    app,
  });
  expect(Object.fromEntries(paths)).toEqual({
    'prod.db': '/opt/wishlist/data/prod.db',
    'prod.db-wal': '/opt/wishlist/data/prod.db-wal',
    'uploads/a': '/opt/wishlist/uploads/a',
  });
  expect(places).toEqual([
    { from: '.', to: '/opt/wishlist' },
    { from: 'prod.db', to: '/opt/wishlist/data/prod.db' },
  ]);
});

test('an archive with two copies of the app is not guessed at', () => {
  const table = tableOf('a/data/prod.db', 'b/data/prod.db');
  expect(() => placeMembers('/a.tar', table, { app })).toThrow(
    expect.objectContaining({ code: 'IMPORT_PLACE_UNKNOWN' }) as Error,
  );
});

test('without an app members go below the root that is given', () => {
  const at = (root?: string) => [
    ...placeMembers('/a.tar', tableOf('data/x'), { root }).paths.values(),
  ];
  expect(at()).toEqual(['/data/x']);
  expect(at('/srv/app')).toEqual(['/srv/app/data/x']);
  expect(at('/data')).toEqual(['/data/x']);
});

test('a single database goes where the app has its own, or where --as says', () => {
  expect(placeDatabase('/b', { app })).toBe('/opt/wishlist/data/prod.db');
  expect(placeDatabase('/b', { app, as: 'x.db' })).toBe('/opt/wishlist/x.db');
  expect(placeDatabase('/b', { as: '/srv/x.db' })).toBe('/srv/x.db');
  for (const wanted of [{}, { as: 'x.db' }, { app: { ...app, databases: [] } }]) {
    expect(() => placeDatabase('/b', wanted)).toThrow(
      expect.objectContaining({ code: 'IMPORT_PLACE_UNKNOWN' }) as Error,
    );
  }
});
