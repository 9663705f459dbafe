/** `config`, `version` and `completion` through the command line: no repository is needed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { runKeepsake, type KeepsakeResult } from '../support/keepsake.ts';
import { describeResult, runProgramOk } from '../support/run-program.ts';
import { tempFolder, type TempFolder } from '../support/temp-folder.ts';

let dir: TempFolder;
beforeAll(async () => {
  dir = await tempFolder();
  mkdirSync(dir.join('app'));
  writeFileSync(dir.join('app', 'app.db'), 'SQLite format 3\0 and more');
  mkdirSync(dir.join('app', 'uploads'));
});
afterAll(() => dir[Symbol.asyncDispose]());

async function keepsake(args: readonly string[], exits = 0): Promise<KeepsakeResult> {
  const result = await runKeepsake(args, { home: dir.path, cwd: dir.path });
  if (result.exitCode !== exits) throw new Error(describeResult(result));
  return result;
}

function writeConfig(...lines: string[]): string[] {
  const file = dir.join('keepsake.yaml');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return ['-c', file];
}

const app = (databases: string, files = '[uploads]') => [
  'repository: /mnt/backup/app',
  'password-file: /etc/keepsake/password',
  'apps:',
  '  notes:',
  '    preset: sqlite-app',
  `    root: ${join(dir.path, 'app')}`,
  `    databases: ${databases}`,
  `    files: ${files}`,
];

test('config check of a right file says what would be backed up', async () => {
  const config = writeConfig(...app('[app.db]'));
  const { stdout } = await keepsake([...config, 'config', 'check']);
  expect(stdout).toContain('keepsake.yaml is fine: 1 app');
  expect(stdout).toContain('/mnt/backup/app (from the config file)');
  expect(stdout).toContain('in /etc/keepsake/password');
  expect(stdout).toContain(`database ${dir.join('app/app.db')}: found`);
  expect(stdout).toContain(`path ${dir.join('app/uploads')}: found`);
});

test('config check says what is missing, empty or no database, each on its line', async () => {
  writeFileSync(dir.join('app', 'empty.db'), '');
  writeFileSync(dir.join('app', 'text.db'), 'this is no database at all');
  writeFileSync(dir.join('app', 'walled.db'), '');
  writeFileSync(dir.join('app', 'walled.db-wal'), 'x');
  const databases = '[app.db, gone.db, empty.db, text.db, walled.db]';
  const config = writeConfig(...app(databases, '[uploads, lost]'));
  const { stderr } = await keepsake([...config, 'config', 'check'], 2);
  expect(stderr).toContain('gone.db does not exist');
  expect(stderr).toContain('empty.db is empty');
  expect(stderr).toContain('text.db is no SQLite database');
  expect(stderr).toContain('app/lost does not exist');
  expect(stderr).not.toContain('walled.db');
  const [verdict] = messages(
    await keepsake([...config, '--json', 'config', 'check'], 2),
    'config_check',
  );
  expect(verdict).toMatchObject({ ok: false });
  expect(verdict?.['problems']).toHaveLength(4);
});

test('config check names all problems of the file with their places', async () => {
  const config = writeConfig(
    'apps:',
    '  notes:',
    '    preset: sqlite-app',
    '    databses: []',
    'hots: x',
  );
  const { stderr } = await keepsake([...config, 'config', 'check'], 2);
  expect(stderr).toContain(':4:');
  expect(stderr).toContain('did you mean "databases"');
  expect(stderr).toContain('did you mean "host"');
});

test('an app that cannot be found is named beside those that can', async () => {
  const config = writeConfig(
    ...app('[app.db]'),
    '  wish:',
    '    preset: wishlist',
    '    root: /no/such',
  );
  const { stderr, stdout } = await keepsake([...config, 'config', 'check'], 2);
  expect(stderr).toContain('app "wish"');
  expect(stdout).toContain('app.db: found');
});

test('config show gives the file with its defaults, and --json the same for programs', async () => {
  const config = writeConfig(...app('[app.db]'), '    environment: { SECRET: hidden }');
  const { stdout } = await keepsake([...config, 'config', 'show']);
  expect(stdout).toContain('pack-size: 16 MiB # default');
  expect(stdout).not.toContain('hidden');
  const json = await keepsake([...config, '--json', 'config', 'show']);
  expect(json.stdout).not.toContain('hidden');
  expect(messages(json, 'config')[0]?.['config']).toMatchObject({
    repository: '/mnt/backup/app',
    'pack-size': '16 MiB',
    apps: { notes: { databases: ['app.db'] } },
  });
});

test('without a file, config check and show say where it is looked for', async () => {
  for (const verb of ['check', 'show']) {
    const { stderr } = await runKeepsake(['config', verb], {
      home: dir.path,
      cwd: dir.join('app'),
    });
    expect(stderr).toContain('/etc/keepsake/keepsake.yaml');
  }
});

test('config schema is a JSON Schema', async () => {
  const { stdout } = await keepsake(['config', 'schema']);
  const schema = JSON.parse(stdout) as { properties: object };
  expect(Object.keys(schema.properties)).toContain('apps');
});

test('version says what it is built on', async () => {
  const { stdout } = await keepsake(['version']);
  expect(stdout).toMatch(/^keepsake \d+\.\d+\.\d+ \(repository format 1 and 2\)/);
  expect(stdout).toMatch(/Node 2\d.*SQLite 3\.\d+.*zstd 1\./);
  const [message] = messages(await keepsake(['--json', 'version']), 'version');
  expect(message).toMatchObject({ repository_versions: [1, 2], os: process.platform });
});

test('completion prints a script that bash takes, and refuses other shells', async () => {
  const { stdout } = await keepsake(['completion', 'bash']);
  writeFileSync(dir.join('script'), stdout);
  await runProgramOk(['bash', '-n', dir.join('script')]);
  const { stderr } = await keepsake(['completion', 'tcsh'], 2);
  expect(stderr).toContain('bash, zsh, fish');
});
