import { chmodSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages, openAppLab, type AppLab } from '../support/app-lab.ts';
import { testRefusals } from '../support/refusals.ts';

let lab: AppLab;
let before: string;
let after: string;

beforeAll(async () => {
  lab = await openAppLab();
  const { root, uploads } = lab.app;
  for (const name of ['gone', 'grows', 'turns', 'mode']) writeFileSync(join(uploads, name), name);
  before = await lab.backUp();
  rmSync(join(uploads, 'gone'));
  writeFileSync(join(uploads, 'grows'), 'more than before');
  rmSync(join(uploads, 'turns'));
  symlinkSync('grows', join(uploads, 'turns'));
  chmodSync(join(uploads, 'mode'), 0o600);
  writeFileSync(join(uploads, 'new'), 'new');
  renameSync(join(root, '.env'), join(uploads, 'moved'));
  writeFileSync(join(root, '.env'), 'OTHER=1\n');
  after = await lab.backUp();
});
afterAll(() => lab[Symbol.asyncDispose]());

test('each change has its letter, and the statistics count as restic’s do', async () => {
  const place = (id: string) => `${id.slice(0, 10)}:${lab.app.uploads}`;
  const { stdout } = await lab.keepsake(['diff', place(before), place(after)]);
  const lines = stdout.split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      '-    /gone',
      'M    /grows',
      '+    /moved',
      '+    /new',
      'T    /turns',
    ]),
  );
  expect(stdout).not.toContain('/mode');
  expect(stdout).toContain('2 new, 1 removed, 1 changed');
});

test('--metadata also tells of what only has another mode', async () => {
  const args = ['--json', 'diff', before, after, '--metadata'];
  const changes = messages(await lab.keepsake(args), 'change');
  const mode = changes.find(({ path }) => path === join(lab.app.uploads, 'mode'));
  expect(mode?.['modifier']).toBe('U');
});

test('--json is what restic says of the same two snapshots, and what was counted in each', async () => {
  const all = (await lab.keepsake(['--json', 'diff', before, after])).jsonLines();
  const theirs = await lab.resticJson<Record<string, unknown>[]>(['diff', before, after]);
  expect(all.filter((line) => line['message_type'] !== 'counts')).toEqual(theirs);
  const [counts] = all.filter((line) => line['message_type'] === 'counts');
  // One went, two came, and one is a link now.
  expect(counts).toMatchObject({ uncounted: [], tables: [], folders: [] });
});

test('of a snapshot without a manifest the rows are not known, and that is said', async () => {
  await lab.restic([
    'backup',
    '-q',
    '--host',
    'other',
    '--time',
    '2020-01-01 00:00:00',
    lab.app.uploads,
  ]);
  const [foreign] = await lab.resticJson<{ id: string }[]>(['snapshots', '--host', 'other']);
  const { stdout } = await lab.keepsake(['diff', after, foreign?.id ?? '']);
  expect(stdout).toContain(`not known: snapshot ${foreign?.id.slice(0, 8)} has no manifest`);
});

test('a snapshot compared with itself differs in nothing', async () => {
  const { stdout } = await lab.keepsake(['diff', after, 'latest']);
  expect(stdout).toContain('nothing differs');
});

test('a folder that one of them does not have is named', async () => {
  const { stderr } = await lab.keepsake(['diff', before, `${after}:/no/such`], { exits: 1 });
  expect(stderr).toContain('"/no/such"');
});

testRefusals(
  () => lab,
  (snapshot) => ['diff', snapshot, snapshot],
);
