/** What a walk does about what it cannot read, what vanishes, and what is very large. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { requireRoot } from '../../test/support/require-tool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { walkPaths } from './walk.ts';
import { entriesOf, layOut, refuseToRead, walkText } from '../../test/support/walk-lab.ts';

const asRoot = test.skipIf(!requireRoot());

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

test('a folder that was asked for by name and goes while it is walked is a problem', async () => {
  await using dir = await tempFolder();
  layOut(dir, ['named/a', 'named/b', 'moved/a', 'z']);
  const seen: string[] = [];
  const paths = [dir.join('named'), dir.join('moved'), dir.join('z')];
  for await (const entry of walkPaths({ paths, read: refuseToRead })) {
    if (entry.path === dir.join('named/a')) rmSync(dir.join('named'), { recursive: true });
    if (entry.path === dir.join('moved/a')) {
      renameSync(dir.join('moved'), dir.join('aside'));
      mkdirSync(dir.join('moved'));
    }
    if (entry.kind === 'problem') seen.push(`${entry.path} ${(entry.error as Error).message}`);
  }
  const named = dir.join('named');
  expect(seen).toEqual([`${named} ${named} was removed while it was being read`]);
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
