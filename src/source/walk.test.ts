/** In which order a walk tells what it finds, and what of each entry. */
import { chmodSync, linkSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { requireRoot } from '../../test/support/require-tool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { fsPath } from '../base/raw-name.ts';
import { timeFromNs } from '../format/go-time.ts';
import { makeFifo, makeNode, setTimesNs, setXattr } from '../host/libc.ts';
import { entriesOf, layOut, nodeOf, walkText } from '../../test/support/walk-lab.ts';

const asRoot = test.skipIf(!requireRoot());

test('folders come depth-first, names by their bytes, a folder at its name', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['b/2', 'b/1/x', 'a', 'b.txt', 'B', 'é', '\u{1F600}', '\uFFFD', 'empty/']);
  expect(await walkText(dir)).toEqual([
    '  B',
    '  a',
    '+ b',
    '+ b/1',
    '  b/1/x',
    '- b/1',
    '  b/2',
    '- b',
    '  b.txt',
    '+ empty',
    '- empty',
    '  é',
    '  \uFFFD',
    '  \u{1F600}',
  ]);
});

test('folders above the paths come with their own metadata and nothing else in them', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['app/data/x', 'app/other/y', 'app/z', 'unrelated']);
  chmodSync(dir.join('app'), 0o750);
  const entries = await entriesOf({ paths: [dir.join('app/data')] });
  const [first, last] = [entries[0], entries.at(-1)];
  expect([first?.kind, first?.path]).toEqual(['directory-start', '/']);
  expect([last?.kind, last?.path]).toEqual(['directory-end', '/']);
  const app = entries.find(({ kind, path }) => kind === 'directory-end' && path.endsWith('/app'));
  expect(app).toMatchObject({ node: { name: 'app', type: 'dir', mode: 2 ** 31 + 0o750 } });
  expect(await walkText(dir, { paths: [dir.join('app/data')] })).toEqual([
    '+ app',
    '+ app/data',
    '  app/data/x',
    '- app/data',
    '- app',
  ]);
});

test('paths that are double, nested or oddly spelled are walked once', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['app/data/x', 'app/z', 'b']);
  const whole = await walkText(dir);
  const paths = ['app/data', 'app/../app/', 'app//data/./x', '', 'b', ''].map(
    (name) => `${dir.path}/${name}`,
  );
  expect(await walkText(dir, { paths })).toEqual(whole);
});

test('a path that is not there is a problem, and the others are walked', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['a']);
  const paths = [dir.join('a'), dir.join('none/x'), dir.join('a/below a file')];
  expect(await walkText(dir, { paths })).toEqual([
    '! none/x SOURCE_PATH_MISSING',
    '! a/below a file SOURCE_PATH_MISSING',
    '  a',
  ]);
  expect(await walkText(dir, { paths: [dir.join('none')] })).toEqual([
    '! none SOURCE_PATH_MISSING',
  ]);
});

test('a path that is not absolute is refused', async () => {
  await expect(entriesOf({ paths: ['app'] })).rejects.toMatchObject({
    code: 'SOURCE_PATH_NOT_ABSOLUTE',
  });
});

test('names that are no UTF-8 or look like options come unharmed', async () => {
  await using dir = await tempFolder();
  const names = [
    '-rf',
    '--',
    'new\nline',
    '\udcff',
    'gr\udcf6\udcdfe',
    `'"`,
    '🎁',
    'a'.repeat(255),
  ];
  mkdirSync(fsPath(dir.join('folder \udcfe')));
  for (const name of names) {
    writeFileSync(fsPath(dir.join(name)), '');
    writeFileSync(fsPath(dir.join('folder \udcfe', name)), '');
  }
  const lines = await walkText(dir);
  for (const name of names) {
    expect(lines).toContain(`  ${name}`);
    expect(lines).toContain(`  folder \udcfe/${name}`);
  }
  expect(lines).toHaveLength(2 * names.length + 2);
});

test('a node has the metadata of the file, to the nanosecond', async () => {
  await using dir = await tempFolder();
  const path = dir.join('file');
  writeFileSync(path, 'four');
  linkSync(path, dir.join('second name'));
  setXattr(path, 'user.note', Uint8Array.of(0, 255));
  chmodSync(path, 0o6711);
  setTimesNs(path, 5n, 1_700_000_000_123_456_789n);
  const stats = lstatSync(path, { bigint: true });
  expect(await nodeOf(path)).toEqual({
    name: 'file',
    type: 'file',
    mode: 2 ** 23 + 2 ** 22 + 0o711,
    mtime: '2023-11-14T22:13:20.123456789Z',
    atime: '2023-11-14T22:13:20.123456789Z',
    ctime: timeFromNs(stats.ctimeNs),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    user: expect.any(String),
    group: expect.any(String),
    inode: stats.ino,
    deviceId: stats.dev,
    size: 4,
    links: 2,
    extendedAttributes: [{ name: 'user.note', value: Uint8Array.of(0, 255) }],
    content: null,
  });
});

test('a FIFO is stored unopened, a socket is left out', async () => {
  await using dir = await tempFolder();
  makeFifo(dir.join('fifo'), 0o600);
  const server = createServer().listen(dir.join('socket'));
  await once(server, 'listening');
  try {
    expect(await walkText(dir, { detectDatabases: true })).toEqual(['  fifo']);
    expect(await nodeOf(dir.join('fifo'))).toMatchObject({ type: 'fifo', content: null });
  } finally {
    server.close();
  }
});

asRoot('device nodes keep their numbers', async (context) => {
  await using dir = await tempFolder();
  try {
    makeNode(dir.join('char'), 0o020600, 0x103n);
    makeNode(dir.join('block'), 0o060600, 0x12345n);
  } catch {
    context.skip('device nodes are not permitted here');
  }
  expect(await nodeOf(dir.join('char'))).toMatchObject({ type: 'chardev', device: 0x103n });
  expect(await nodeOf(dir.join('block'))).toMatchObject({
    type: 'dev',
    device: 0x12345n,
    links: 1,
  });
});
