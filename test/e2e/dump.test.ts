import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { damageFile, openAppLab, repositoryFiles, type AppLab } from '../support/app-lab.ts';
import { compareTrees } from '../support/compare-trees.ts';
import { testRefusals } from '../support/refusals.ts';
import { runProgram, runProgramOk } from '../support/run-program.ts';
import { keepsakeArgv } from '../support/keepsake.ts';

/** More than a pipe holds (64 KiB) and than Node buffers. */
const LARGE_BYTES = 5_000_000;

let lab: AppLab;
let root: string;
let large: string;

beforeAll(async () => {
  lab = await openAppLab();
  ({ root } = lab.app);
  large = join(root, 'uploads', 'large.bin');
  writeFileSync(large, randomBytes(LARGE_BYTES));
  await lab.backUp();
});
afterAll(() => lab[Symbol.asyncDispose]());

test('the bytes of a file come out exactly, and nothing else', async () => {
  const { stdoutBytes, stderr } = await lab.keepsake(['dump', 'latest', large]);
  expect(Buffer.compare(stdoutBytes, readFileSync(large))).toBe(0);
  expect(stderr).toBe('');
});

test('a folder comes out as a tar archive from which the folder can be made again', async () => {
  const { stdoutBytes } = await lab.keepsake(['dump', `latest:${root}`, '/uploads']);
  const folder = lab.join('untarred');
  mkdirSync(folder);
  await runProgramOk(['tar', '-x', '-p', '-C', folder], { input: stdoutBytes });
  const differences = await compareTrees(lab.app.uploads, join(folder, lab.app.uploads), {
    ignore: ['mtime', 'owner', 'mode'],
  });
  expect(differences).toEqual([]);
});

test('--target writes a file, readable by its owner alone', async () => {
  const target = lab.join('all.tar');
  const { stdout } = await lab.keepsake(['dump', 'latest', '/', '--target', target]);
  expect(stdout).toBe('');
  const { stdout: names } = await runProgramOk(['tar', '-tf', target]);
  expect(names).toContain(lab.app.database.slice(1));
  expect(names).toContain('.keepsake/manifest.json');
});

test('a reader that has enough ends the dump without a word', async () => {
  const command = keepsakeArgv(['-r', lab.repository, 'dump', 'latest', large]);
  const shell = `"$@" | head -c 10 | wc -c; exit "\${PIPESTATUS[0]}"`;
  const env = {
    KEEPSAKE_PASSWORD_FILE: undefined,
    KEEPSAKE_PASSWORD: lab.password,
    HOME: lab.join('home'),
  };
  const result = await runProgram(['bash', '-c', shell, 'sh', ...command], { env });
  expect(result.stdout.trim()).toBe('10');
  expect(result.stderr).toBe('');
  expect(result.exitCode).toBe(1);
});

test('output that cannot be written is exit 1 and said', async () => {
  const command = keepsakeArgv(['-r', lab.repository, 'dump', 'latest', large]);
  const env = { KEEPSAKE_PASSWORD: lab.password, HOME: lab.join('home') };
  const result = await runProgram(['bash', '-c', '"$@" >/dev/full', 'sh', ...command], { env });
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toContain('ENOSPC');
});

test('a path that is not there, a relative one, an unknown archive: each is refused', async () => {
  const absent = await lab.keepsake(['dump', 'latest', '/no/such'], { exits: 1 });
  expect(absent.stderr).toContain('"/no/such"');
  await lab.keepsake(['dump', 'latest', 'no/such'], { exits: 2 });
  const archive = await lab.keepsake(['dump', 'latest', '/', '--archive', 'rar'], { exits: 2 });
  expect(archive.stderr).toContain('"rar"');
  const target = lab.join('no', 'folder', 'x');
  const unwritable = await lab.keepsake(['dump', 'latest', large, '-t', target], { exits: 1 });
  expect(unwritable.stderr).toContain(target);
});

test('a file that the repository lost a part of is never taken for whole: exit 20, no target', async () => {
  const repository = lab.join('damaged');
  cpSync(lab.repository, repository, { recursive: true });
  const [pack = ''] = repositoryFiles(repository, 'data');
  damageFile(pack, { from: 0.4, to: 0.6 });
  const target = lab.join('broken.bin');
  writeFileSync(target, 'what was there');
  const args = ['dump', 'latest', large, '--target', target];
  const { stderr } = await lab.keepsake(args, { repository, exits: 20 });
  expect(stderr).toContain('not complete');
  expect(stderr).toContain(basename(pack));
  expect(readFileSync(target, 'utf8')).toBe('what was there');
  expect(readdirSync(lab.join('.')).filter((name) => name.includes('dump'))).toEqual([]);
});

testRefusals(
  () => lab,
  (snapshot) => ['dump', snapshot, '/x'],
);
