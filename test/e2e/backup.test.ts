/** What `backup` says: what a person wants to know, at every loudness, and what programs read. */
import { randomBytes } from 'node:crypto';
import { cpSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages, openAppLab, type AppLab } from '../support/app-lab.ts';
import type { KeepsakeResult } from '../support/keepsake.ts';

let lab: AppLab;
beforeAll(async () => {
  lab = await openAppLab();
  await lab.backUp();
});
afterAll(() => lab[Symbol.asyncDispose]());

function backup(flags: readonly string[], exits = 0): Promise<KeepsakeResult> {
  const args = ['-c', lab.config, 'backup', '--host', 'homeserver', ...flags];
  return lab.keepsake(args, { exits });
}

test('the last lines tell rows, files, the cross-check, what the app noticed, and what was stored', async () => {
  const { stdout, stderr } = await backup([]);
  expect(stderr).toBe('');
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(/^database {2}\/.*prod\.db: \d+ rows in \d+ tables, .*, sound$/),
    expect.stringMatching(/^files {5}\d+ files, .*: 0 new, 0 changed, \d+ unmodified$/),
    expect.stringMatching(/^uploads {3}items\.imageUrl names \d+ files of .*: all there$/),
    'the app   noticed nothing: no write had to wait',
    expect.stringMatching(/^snapshot [0-9a-f]{8} saved: .* new, .* stored \(\d\.\d s\)$/),
    '',
  ]);
});

test('-q leaves one line, -v names what changed, twice what did not, too', async () => {
  const quiet = await backup(['-q']);
  expect(quiet.stdout).toMatch(/^snapshot [0-9a-f]{8} saved: [^\n]*\n$/);
  writeFileSync(join(lab.app.uploads, 'new.jpg'), 'new');
  const loud = await backup(['-v']);
  expect(loud.stdout).toMatch(/^new +\/.*new\.jpg$/m);
  expect(loud.stdout).not.toContain('unmodified /');
  const loudest = await backup(['-v', '-v']);
  expect(loudest.stdout).toMatch(/^unmodified +\/.*new\.jpg$/m);
});

test('--json ends with restic’s summary, and each item has restic’s words', async () => {
  writeFileSync(join(lab.app.uploads, 'new.jpg'), 'changed');
  writeFileSync(join(lab.app.uploads, 'newer.jpg'), 'newer');
  const result = await backup(['--json', '-v', '-v']);
  const [summary] = messages(result, 'summary');
  expect(summary).toMatchObject({ files_new: 1, files_changed: 1, outcome: 'ok', dry_run: false });
  expect(summary?.['snapshot_id']).toMatch(/^[0-9a-f]{64}$/);
  expect(summary?.['databases']).toMatchObject([
    {
      path: lab.app.database,
      journal_mode: 'wal',
      page_size: 4096,
      capture_method: expect.any(String) as string,
    },
  ]);
  expect(JSON.stringify(summary)).not.toMatch(/"\w*[a-z][A-Z]\w*":/);
  const items = messages(result, 'verbose_status');
  expect(new Set(items.map(({ action }) => action))).toEqual(
    new Set(['unchanged', 'new', 'modified']),
  );
});

test('of a path that holds the repository, too, all else is backed up', async () => {
  const { root } = lab.app;
  await lab.keepsake(['init'], { repository: root, exits: 1 }); // `data` is the app's
  const folder = lab.join('both');
  cpSync(lab.repository, folder, { recursive: true });
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  await lab.keepsake(['backup', folder], { repository: folder });
  const { stdout } = await lab.keepsake(['ls', `latest:${folder}`], { repository: folder });
  expect(stdout.split('\n').slice(1, -1)).toEqual(
    ['data', 'index', 'keys', 'locks', 'notes.txt', 'snapshots'].map((name) => `/${name}`),
  );
});

test('a backup is none the worse for a state folder that cannot be used', async () => {
  const env = { KEEPSAKE_STATE_DIR: lab.config, KEEPSAKE_SCRATCH_DIR: lab.join('scratch') };
  const args = ['-c', lab.config, 'backup'];
  const { stdout, stderr } = await lab.keepsake(args, { env });
  expect(stdout).toMatch(/^snapshot [0-9a-f]{8} saved/m);
  expect(stderr).toContain('this run is not in the history');
  expect(stderr).toContain(`the state folder ${lab.config} cannot be used`);
});

test('what could not be backed up is named, with what to do, in text and JSON', async () => {
  writeFileSync(lab.app.database, '');
  const { stdout, stderr } = await backup([], 1);
  expect(stderr).toContain(`error: the database ${lab.app.database} is an empty file\n  `);
  expect(stderr).toContain('look for it before the app writes');
  expect(stdout).toContain('saved WITHOUT a configured database: this is no full backup');
  const [error] = messages(await backup(['--json'], 1), 'error');
  expect(error).toMatchObject({
    item: lab.app.database,
    during: 'archival',
    error: { code: 'DATABASE_EMPTY', hint: expect.stringContaining('look for it') },
  });
});

test('a path that is only a link is named with where it leads, and is no success', async () => {
  const link = lab.join('link');
  symlinkSync(lab.app.root, link);
  const { stderr } = await lab.keepsake(['backup', link], { exits: 3 });
  expect(stderr).toContain(`${link} is a symbolic link and stored as one: ${lab.app.root}`);
  expect(stderr).toContain(`\`keepsake backup ${link} ${lab.app.root}\``);
  rmSync(link);
});

test('--low-memory stores the same in packs of 4 MiB, from one thread', async () => {
  writeFileSync(join(lab.app.uploads, 'large.mp4'), randomBytes(24 << 20));
  await lab.keepsake(['--low-memory', 'backup', lab.app.uploads]);
  const packs = readdirSync(join(lab.repository, 'data'), { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(lab.repository, 'data', name)))
    .filter((stats) => stats.isFile())
    .map(({ size }) => size);
  expect(packs.filter((size) => size > 4 << 20).length).toBeGreaterThan(1);
  expect(Math.max(...packs)).toBeLessThan(13 << 20);
  await lab.keepsake(['-c', lab.config, '--low-memory', 'check', '--read-data']);
  rmSync(join(lab.app.uploads, 'large.mp4'));
});
