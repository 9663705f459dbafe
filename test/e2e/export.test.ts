/** `export`, and what the system's own tar makes of it. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  damageFile,
  messages,
  openAppLab,
  repositoryFiles,
  type AppLab,
} from '../support/app-lab.ts';
import { compareTrees } from '../support/compare-trees.ts';
import { layOutNastyTree } from '../support/nasty-tree.ts';
import { testRefusals } from '../support/refusals.ts';
import { runProgramOk } from '../support/run-program.ts';

let lab: AppLab;
let source: string;

beforeAll(async () => {
  lab = await openAppLab();
  source = lab.join('source');
  layOutNastyTree(source, { without: ['socket'] });
  await lab.backUpPaths(source);
  await lab.backUp();
});
afterAll(() => lab[Symbol.asyncDispose]());

let folders = 0;

async function unpack(file: string, ...how: string[]): Promise<string> {
  const folder = lab.join(`unpacked-${(folders += 1)}`);
  mkdirSync(folder);
  const attributes = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '-p'];
  await runProgramOk(['tar', ...how, file, '-C', folder, ...attributes]);
  return folder;
}

test.each([
  ['whole.tar.gz', ['-xzf']],
  ['whole.tgz', ['-xzf']],
  ['whole.tar.zst', ['--zstd', '-xf']],
  ['whole.tar', ['-xf']],
])(
  'plain tar restores from %s every byte and all the file system says of it',
  async (name, how) => {
    const file = lab.join(name);
    const { stdout } = await lab.keepsake(['export', 'latest', file, '--path', source]);
    expect(stdout).toMatch(/^exported snapshot [0-9a-f]{8} .*, read again and equal /);
    expect(stdout).toContain(`${file} -C `);
    const folder = await unpack(file, ...how);
    expect(await compareTrees(source, `${folder}${source}`)).toEqual([]);
  },
);

test('the file is readable by its owner alone', async () => {
  const file = lab.join('private.tar.gz');
  await lab.keepsake(['export', 'latest', file, '--path', source]);
  expect(statSync(file).mode & 0o7777).toBe(0o600);
});

test('with a folder of the snapshot, paths begin there', async () => {
  const file = lab.join('part.tar.gz');
  await lab.keepsake(['export', `latest:${lab.app.root}`, file, '--app', 'wishlist']);
  const folder = await unpack(file, '-xzf');
  expect(readdirSync(folder).sort()).toEqual(['.env', 'data', 'uploads']);
  const ignore = ['mtime'] as const;
  expect(await compareTrees(lab.app.uploads, `${folder}/uploads`, { ignore })).toEqual([]);
});

test('--include and --exclude select, and folders on the way keep their mode', async () => {
  const file = lab.join('selected.tar.gz');
  const select = ['--include', '*.webp', '--exclude', 'b*'];
  writeFileSync(`${lab.app.uploads}/a1.webp`, 'a');
  writeFileSync(`${lab.app.uploads}/b1.webp`, 'b');
  await lab.backUp();
  const result = await lab.keepsake(['--json', 'export', 'latest', file, ...select]);
  const { stdout } = await runProgramOk(['tar', '-tzf', file]);
  const names = stdout.trim().split('\n');
  expect(names).toContain(`${lab.app.uploads.slice(1)}/a1.webp`);
  expect(names).toContain(`${lab.app.uploads.slice(1)}/`);
  expect(names.filter((name) => !/(\.webp|\/)$/.test(name))).toEqual([]);
  expect(names.filter((name) => name.includes('/b1'))).toEqual([]);
  const [summary] = messages(result, 'summary');
  expect(summary).toMatchObject({
    target: file,
    format: 'tar.gz',
    verified: true,
    archive_bytes: statSync(file).size,
    total_files: names.filter((name) => name.endsWith('.webp')).length,
  });
  const none = await lab.keepsake(['export', 'latest', lab.join('none.tar'), '-i', '*.no'], {
    exits: 1,
  });
  expect(none.stderr).toContain('*.no');
  expect(readdirSync(lab.join('.'))).not.toContain('none.tar');
});

test('to standard output comes the archive alone, of the format that is asked for', async () => {
  const args = ['export', 'latest', '-', '--path', source, '--format', 'tar.zst'];
  const { stdoutBytes, stderr } = await lab.keepsake(args);
  expect(stderr).toBe('');
  const file = lab.join('from-stdout');
  writeFileSync(file, stdoutBytes);
  const folder = await unpack(file, '--zstd', '-xf');
  expect(await compareTrees(source, `${folder}${source}`)).toEqual([]);
});

test('a name that does not say what to write, or an unknown format, is a usage error', async () => {
  const unknown = await lab.keepsake(['export', 'latest', lab.join('x.zip')], { exits: 2 });
  expect(unknown.stderr).toContain('.tar.gz');
  const args = ['export', 'latest', lab.join('x.tar'), '--format', 'rar'];
  expect((await lab.keepsake(args, { exits: 2 })).stderr).toContain('"rar"');
});

test('where the repository lost something no archive appears: exit 20, the old file stays', async () => {
  const repository = lab.join('damaged');
  await runProgramOk(['cp', '-r', lab.repository, repository]);
  const [pack = ''] = repositoryFiles(repository, 'data');
  damageFile(pack, { from: 0.1, to: 0.9 });
  const file = lab.join('broken.tar.gz');
  writeFileSync(file, 'what was there');
  const args = ['export', 'latest', file, '--path', source];
  const { stderr } = await lab.keepsake(args, { repository, exits: 20 });
  expect(stderr).toContain('not complete');
  expect(readFileSync(file, 'utf8')).toBe('what was there');
  expect(readdirSync(lab.join('.')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

testRefusals(
  () => lab,
  (snapshot) => ['export', snapshot, lab.join('refused.tar')],
);
