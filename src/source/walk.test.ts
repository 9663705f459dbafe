import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { isDatabaseLeaf } from './database-leaf.ts';
import { requireRoot } from '../../test/support/require-tool.ts';
import { tempFolder, type TempFolder } from '../../test/support/temp-folder.ts';
import { fsPath } from '../base/raw-name.ts';
import { timeFromNs } from '../format/go-time.ts';
import { makeFifo, makeNode, setTimesNs, setXattr } from '../host/libc.ts';
import { compileExcludes } from './excludes.ts';
import type { SourceEntry } from './source.ts';
import { walkPaths, type WalkOptions } from './walk.ts';

const asRoot = test.skipIf(!requireRoot());

function refuseToRead(path: string): never {
  throw new Error(`the walk read ${path}`);
}

async function entriesOf(options: Omit<WalkOptions, 'read'>): Promise<SourceEntry[]> {
  return await Array.fromAsync(walkPaths({ read: refuseToRead, ...options }));
}

/** `+` a folder begins, `-` it ends, `!` a problem with its code, `=` a database. */
async function walkText(dir: TempFolder, options: Partial<WalkOptions> = {}): Promise<string[]> {
  const entries = await entriesOf({ paths: [dir.path], ...options });
  return entries
    .filter(({ path }) => path.startsWith(`${dir.path}/`))
    .map((entry) => {
      const path = entry.path.slice(dir.path.length + 1);
      if (entry.kind === 'directory-start') return `+ ${path}`;
      if (entry.kind === 'directory-end') return `- ${path}`;
      if (entry.kind === 'problem') return `! ${path} ${(entry.error as { code: string }).code}`;
      return `${isDatabaseLeaf(entry) ? '=' : ' '} ${path}`;
    });
}

function layOut(dir: TempFolder, files: readonly string[]): void {
  for (const file of files) {
    if (file.includes('/')) mkdirSync(dir.join(file, '..'), { recursive: true });
    if (file.endsWith('/')) mkdirSync(dir.join(file), { recursive: true });
    else writeFileSync(dir.join(file), file);
  }
}

async function nodeOf(path: string): Promise<Extract<SourceEntry, { kind: 'leaf' }>['node']> {
  const entries = await entriesOf({ paths: [path] });
  const entry = entries.find((one) => one.path === path && one.kind !== 'directory-start');
  if (entry === undefined || !('node' in entry)) throw new Error(`no node of ${path}`);
  return entry.node;
}

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

test('symbolic links are stored as such, also as a path, dangling or to themselves', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['real/x']);
  symlinkSync('real', dir.join('link'));
  symlinkSync('no/such', dir.join('dangling'));
  symlinkSync('self', dir.join('self'));
  symlinkSync(fsPath('\udcff\n'), dir.join('odd'));
  const paths = ['link', 'dangling', 'self', 'odd'].map((name) => dir.join(name));
  const entries = await entriesOf({ paths });
  const targets = entries.flatMap((entry) => (entry.kind === 'leaf' ? [entry.node] : []));
  expect(targets.map(({ type, linkTarget }) => [type, linkTarget])).toEqual([
    ['symlink', 'no/such'],
    ['symlink', 'real'],
    ['symlink', '\udcff\n'],
    ['symlink', 'self'],
  ]);
});

test('on the way to a path a symbolic link is followed, as the path says', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['real/x', 'real/y']);
  symlinkSync('real', dir.join('link'));
  for (const paths of [[dir.join('link/x')], [dir.path, dir.join('link/x')]]) {
    const lines = await walkText(dir, { paths });
    expect(lines.slice(0, 3)).toEqual(['+ link', '  link/x', '- link']);
  }
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

test('an excluded folder is not entered, a path asked for by name is taken all the same', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['cache/x', 'cache/keep/y', 'a.tmp', 'b']);
  const exclude = compileExcludes({ patterns: ['cache', '*.tmp'] });
  expect(await walkText(dir, { exclude })).toEqual(['  b']);
  const paths = [dir.path, dir.join('cache/keep'), dir.join('a.tmp')];
  expect(await walkText(dir, { exclude, paths })).toEqual([
    '  a.tmp',
    '  b',
    '+ cache',
    '+ cache/keep',
    '- cache/keep',
    '- cache',
  ]);
});

test('the repository is kept as an empty folder, by whatever name it is reached', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['app/x', 'app/backups/data/00', 'app/backups/config']);
  symlinkSync(dir.join('app/backups'), dir.join('way'));
  const skip = new Set([dir.join('way'), dir.join('none')]);
  expect(await walkText(dir, { skip, paths: [dir.join('app')] })).toEqual([
    '+ app',
    '+ app/backups',
    '- app/backups',
    '  app/x',
    '- app',
  ]);
});

test('of a folder with a valid CACHEDIR.TAG only the tag is taken, if that is wanted', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['real/x', 'false/x', 'false/CACHEDIR.TAG']);
  writeFileSync(
    dir.join('real/CACHEDIR.TAG'),
    'Signature: 8a477f597d28d172789f06886806bc55\n# made by a test\n',
  );
  const cut = await walkText(dir, { excludeCaches: true });
  expect(cut.filter((line) => line.startsWith('  '))).toEqual([
    '  false/CACHEDIR.TAG',
    '  false/x',
    '  real/CACHEDIR.TAG',
  ]);
  expect(await walkText(dir)).toContain('  real/x');
});

asRoot('another file system is left out but for its mount point', async (context) => {
  await using dir = await tempFolder();
  layOut(dir, ['mounted/', 'a']);
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', dir.join('mounted')], { stdio: 'ignore' });
  } catch {
    context.skip('mounting is not permitted here');
  }
  try {
    layOut(dir, ['mounted/x', 'mounted/deep/y']);
    const options = { oneFileSystem: true };
    expect(await walkText(dir, options)).toEqual(['  a', '+ mounted', '- mounted']);
    const paths = [dir.path, dir.join('mounted/deep')];
    expect(await walkText(dir, { ...options, paths })).toContain('  mounted/deep/y');
    expect(await walkText(dir)).toContain('  mounted/x');
  } finally {
    execFileSync('umount', [dir.join('mounted')]);
  }
});

asRoot('a folder that may not be listed is a problem, and the walk goes on', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['a', 'closed/x', 'z/y', 'unlisted']);
  chmodSync(dir.path, 0o755);
  chmodSync(dir.join('closed'), 0o000);
  chmodSync(dir.join('unlisted'), 0o000);
  const program = `
    import { walkPaths } from ${JSON.stringify(fileURLToPath(new URL('walk.ts', import.meta.url)))};
    process.setgroups([]); process.setgid(65534); process.setuid(65534);
    const lines = [];
    for await (const entry of walkPaths({ paths: [process.argv[1]], detectDatabases: true })) {
      if (entry.kind === 'problem') lines.push([entry.path, entry.error.code, entry.error.message]);
      else if (entry.kind === 'leaf') lines.push([entry.path]);
    }
    console.log(JSON.stringify(lines));`;
  const output = execFileSync(
    process.execPath,
    ['--input-type=module', '--eval', program, dir.path],
    { encoding: 'utf8' },
  );
  const reason = 'could not be read: permission denied (EACCES)';
  expect(JSON.parse(output)).toEqual([
    [dir.join('a')],
    [dir.join('closed'), 'SOURCE_UNREADABLE', `${dir.join('closed')} ${reason}`],
    [dir.join('unlisted')], // whoever reads it tells
    [dir.join('z/y')],
  ]);
});

test('what vanishes during the walk is no problem, unless it was asked for by name', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['a', 'b', 'c/x', 'd', 'e/y', 'named']);
  const seen: string[] = [];
  const options = { paths: [dir.path, dir.join('named')], read: refuseToRead };
  for await (const entry of walkPaths(options)) {
    if (entry.path === dir.join('a')) {
      for (const name of ['b', 'c', 'named']) rmSync(dir.join(name), { recursive: true });
    }
    if (entry.path === dir.join('e') && entry.kind === 'directory-start') {
      rmSync(dir.join('e'), { recursive: true });
    }
    if (entry.path.startsWith(`${dir.path}/`)) {
      seen.push(`${entry.kind} ${entry.path.slice(dir.path.length + 1)}`);
    }
  }
  expect(seen).toEqual([
    'leaf a',
    'leaf d',
    'directory-start e',
    'directory-end e',
    'problem named',
  ]);
});

test('a path too long for the system is a problem', async () => {
  await using dir = await tempFolder();
  const name = 'n'.repeat(250);
  const program = `cd "$1"; for i in $(seq 20); do mkdir ${name}; cd -P ${name}; done`;
  execFileSync('bash', ['-c', program, 'bash', dir.path]);
  const lines = await walkText(dir);
  expect(lines.filter((line) => line.startsWith('!'))).toHaveLength(1);
  expect(lines.find((line) => line.startsWith('!'))).toMatch(/SOURCE_UNREADABLE$/);
  expect(lines.length).toBeGreaterThan(25);
  execFileSync('rm', ['-rf', dir.path]); // Node's rm gives up on such a path
});

test('a thousand levels are walked', async () => {
  await using dir = await tempFolder();
  mkdirSync(dir.join('d/'.repeat(1000)), { recursive: true });
  const lines = await walkText(dir);
  expect(lines).toHaveLength(2000);
  expect(lines.slice(999, 1001)).toEqual([`+ ${'d/'.repeat(999)}d`, `- ${'d/'.repeat(999)}d`]);
  execFileSync('rm', ['-rf', dir.path]); // at this depth many times faster than Node's rm
});

test('thousands of files in one folder come in order, and other work gets its turns', async () => {
  await using dir = await tempFolder();
  execFileSync('bash', ['-c', 'touch slug-{1..2000}.webp'], { cwd: dir.path });
  let turns = 0;
  let ended = false;
  const count = (): void => {
    turns += 1;
    if (!ended) setImmediate(count);
  };
  setImmediate(count);
  const lines = await walkText(dir);
  ended = true;
  expect(lines.map((line) => line.slice(2))).toEqual(readdirSync(dir.path).sort());
  expect(turns).toBeGreaterThan(5);
});

test('oddities of /proc are walked or reported, and the walk ends', async () => {
  const entries = await entriesOf({ paths: ['/proc/self'], oneFileSystem: true });
  expect(entries.map(({ path }) => path)).toEqual(['/', '/proc', '/proc/self', '/proc', '/']);
  const inside = await entriesOf({ paths: [`/proc/${process.pid}`], oneFileSystem: true });
  expect(inside.length).toBeGreaterThan(100);
});

test('an abort ends the walk with its reason', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['a', 'b']);
  const abort = new AbortController();
  const entries = walkPaths({ paths: [dir.path], read: refuseToRead }, { signal: abort.signal });
  await entries.next();
  abort.abort(new Error('enough'));
  await expect(entries.next()).rejects.toThrow('enough');
});

test('databases are found by their content, and their sidecars are left out', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['prod.db-walrus', 'prod.db.txt', 'plain', 'plain-wal', 'tiny', 'empty', 'new-wal']);
  writeFileSync(dir.join('empty'), '');
  writeFileSync(dir.join('new'), '');
  using database = new DatabaseSync(dir.join('prod.db'));
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)');
  layOut(dir, ['prod.db-journal']);
  expect(readdirSync(dir.path)).toContain('prod.db-shm');
  expect(await walkText(dir, { detectDatabases: true })).toEqual([
    '  empty',
    '= new',
    '  plain',
    '  plain-wal',
    '= prod.db',
    '  prod.db-walrus',
    '  prod.db.txt',
    '  tiny',
  ]);
  const exclude = compileExcludes({ patterns: ['*.db'] });
  expect(await walkText(dir, { detectDatabases: true, exclude })).not.toContain('  prod.db-wal');
  expect(await walkText(dir)).toContain('  prod.db-wal');
});

test('a configured database is one whatever it holds', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['gone.db-wal', 'odd.db', 'odd.db-wal', 'x']);
  const databases = new Set([dir.join('odd.db'), dir.join('gone.db')]);
  expect(await walkText(dir, { databases })).toEqual(['= odd.db', '  x']);
});

test('a file known to be plain is not opened', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['a', 'b']);
  writeFileSync(dir.join('a'), 'SQLite format 3\0');
  const asked: unknown[] = [];
  const isKnownPlain: WalkOptions['isKnownPlain'] = (path, node) => {
    asked.push([path, node.size]);
    return path.endsWith('a');
  };
  expect(await walkText(dir, { detectDatabases: true, isKnownPlain })).toEqual(['  a', '  b']);
  expect(asked).toEqual([
    [dir.join('a'), 16],
    [dir.join('b'), 1],
  ]);
});

test('a link that is to be followed stands as what it leads to, with no file of it left out', async () => {
  await using dir = await tempFolder();
  await using disk = await tempFolder();
  layOut(disk, ['uploads/a', 'uploads/deeper/b', 'settings', 'uploads/db']);
  writeFileSync(disk.join('uploads', 'db'), 'SQLite format 3\0');
  layOut(dir, ['app/']);
  symlinkSync(disk.join('uploads'), dir.join('app', 'uploads'));
  symlinkSync(disk.join('settings'), dir.join('app', '.env'));
  symlinkSync(disk.join('settings'), dir.join('app', 'other'));
  const follow = new Set([dir.join('app/uploads'), dir.join('app/.env')]);
  const paths = [dir.join('app')];
  expect(await walkText(dir, { paths, follow, detectDatabases: true })).toEqual([
    '+ app',
    '  app/.env',
    '  app/other',
    '+ app/uploads',
    '  app/uploads/a',
    '= app/uploads/db',
    '+ app/uploads/deeper',
    '  app/uploads/deeper/b',
    '- app/uploads/deeper',
    '- app/uploads',
    '- app',
  ]);
  const read: string[] = [];
  const entries = await Array.fromAsync(
    walkPaths({ paths, follow, read: (path) => (read.push(path), refuseToRead) as never }),
  );
  const env = entries.find(({ path }) => path.endsWith('.env'));
  if (env?.kind !== 'leaf') throw new Error('no .env');
  env.read?.();
  expect([env.node.type, env.node.name, read]).toEqual(['file', '.env', [disk.join('settings')]]);
});

test('a link to be followed that leads nowhere is reported as missing', async () => {
  await using dir = await tempFolder();
  symlinkSync(dir.join('gone'), dir.join('link'));
  const paths = [dir.join('link')];
  expect(await walkText(dir, { paths, follow: new Set(paths) })).toEqual([
    '! link SOURCE_PATH_MISSING',
  ]);
});
