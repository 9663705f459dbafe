import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { damageFile, messages, openAppLab, type AppLab } from '../support/app-lab.ts';
import { testRefusals } from '../support/refusals.ts';

interface Listed {
  readonly id: string;
  readonly short_id: string;
  readonly time: string;
  readonly hostname: string;
  readonly tags?: readonly string[];
  readonly paths: readonly string[];
  readonly summary: { readonly total_files_processed: number };
}

let lab: AppLab;
let newest: string;
let middle: string;
let oldest: string;

beforeAll(async () => {
  lab = await openAppLab();
  newest = await lab.backUp('--time', '2026-03-03T12:00:00Z', '--tag', 'nightly,kept');
  oldest = await lab.backUp('--time', '2026-01-01T12:00:00Z', '--tag', 'nightly');
  const time = ['--time', '2026-02-02T12:00:00Z'];
  middle = await lab.backUpPaths('--host', 'laptop', ...time, lab.app.uploads);
});
afterAll(() => lab[Symbol.asyncDispose]());

async function list(...flags: string[]): Promise<Listed[]> {
  const { stdout } = await lab.keepsake(['--json', 'snapshots', ...flags]);
  return JSON.parse(stdout) as Listed[];
}

async function ids(...flags: string[]): Promise<string[]> {
  return (await list(...flags)).map(({ id }) => id);
}

/** restic 0.14 knows neither a summary nor who wrote it, and sorts the paths it prints. */
function comparable(snapshot: Listed): object {
  const { id, short_id, time, hostname, tags, paths } = snapshot;
  return { id, short_id, time, hostname, tags, paths: paths.toSorted() };
}

test('every snapshot is listed, oldest first, with what a person knows it by', async () => {
  const { stdout } = await lab.keepsake(['snapshots']);
  const lines = stdout.split('\n');
  const at = (id: string) => lines.findIndex((line) => line.startsWith(id.slice(0, 8)));
  expect(at(oldest)).toBeGreaterThan(0);
  expect(at(middle)).toBeGreaterThan(at(oldest));
  expect(at(newest)).toBeGreaterThan(at(middle));
  expect(lines[at(oldest)]).toContain('2026-01-01 12:00:00');
  expect(lines[at(oldest)]).toContain('homeserver');
  expect(lines[at(oldest)]).toContain('app:wishlist');
  expect(lines[at(oldest)]).toContain('KiB');
  expect(stdout).toContain(lab.app.uploads);
  expect(stdout).toContain('3 snapshots');
});

test('--json is the array restic prints, of the same snapshots with the same fields', async () => {
  const ours = await list();
  const theirs = await lab.resticJson<Listed[]>(['snapshots']);
  expect(ours.map(comparable)).toEqual(theirs.map(comparable));
  expect(ours.at(-1)?.summary.total_files_processed).toBeGreaterThan(20);
});

test('with --json stdout is that array alone, whatever there is to warn of', async () => {
  const env = { KEEPSAKE_REPOSITRY: 'mistyped' };
  const { stdout, stderr } = await lab.keepsake(['--json', 'snapshots'], { env });
  expect(JSON.parse(stdout)).toHaveLength(3);
  expect(stderr.match(/"message_type":"warning"/g)).toHaveLength(1);
});

test('--host, --tag, --path and --app choose as restic does', async () => {
  expect(await ids('--host', 'laptop')).toEqual([middle]);
  expect(await ids('--host', 'laptop', '--host', 'homeserver')).toHaveLength(3);
  expect(await ids('--tag', 'nightly')).toEqual([oldest, newest]);
  expect(await ids('--tag', 'nightly,kept')).toEqual([newest]);
  expect(await ids('--tag', 'kept', '--tag', 'absent')).toEqual([newest]);
  expect(await ids('--path', lab.app.uploads, '--host', 'laptop')).toEqual([middle]);
  expect(await ids('--app', 'wishlist')).toEqual([oldest, newest]);
  expect(await ids('--app', 'other')).toEqual([]);
});

test('--latest keeps the newest of each host and set of paths', async () => {
  expect(await ids('--latest', '1')).toEqual([middle, newest]);
  const { stderr } = await lab.keepsake(['snapshots', '--latest', 'two'], { exits: 2 });
  expect(stderr).toContain('"two"');
});

test('ids and their beginnings choose single snapshots', async () => {
  expect(await ids(middle.slice(0, 12), newest)).toEqual([middle, newest]);
});

test('a damaged snapshot file is named and exit 20, and the rest is listed', async () => {
  const repository = lab.join('damaged');
  cpSync(lab.repository, repository, { recursive: true });
  damageFile(join(repository, 'snapshots', middle));
  const text = await lab.keepsake(['--no-cache', 'snapshots'], { repository, exits: 20 });
  expect(text.stdout).toContain(oldest.slice(0, 8));
  expect(text.stdout).toContain(newest.slice(0, 8));
  expect(text.stderr).toContain(middle);
  const json = await lab.keepsake(['--no-cache', '--json', 'snapshots'], { repository, exits: 20 });
  const [array] = json.jsonLines<unknown>();
  expect(array).toHaveLength(2);
  expect(messages(json, 'error')).toMatchObject([{ item: middle }]);
});

test('a beginning that several ids share is refused, and all of them are named', async () => {
  const crowded = await openAppLab();
  await using _ = crowded;
  const repository = await crowded.openRepository();
  const byFirst = new Map<string, string[]>();
  // Seventeen ids cannot all begin differently.
  for (let minute = 10; minute < 27; minute += 1) {
    const id = await repository.saveSnapshot({
      time: `2026-01-01T12:${minute}:00Z`,
      tree: 'ab'.repeat(32),
      paths: ['/srv'],
    });
    byFirst.set(id.slice(0, 1), [...(byFirst.get(id.slice(0, 1)) ?? []), id]);
  }
  const [wanted, sharing] = [...byFirst].find(([, found]) => found.length > 1) ?? ['', []];
  expect(sharing.length).toBeGreaterThan(1);
  const { stderr } = await crowded.keepsake(['snapshots', wanted], { exits: 1 });
  for (const id of sharing) expect(stderr).toContain(id.slice(0, 12));
});

test('an empty repository says how to fill it', async () => {
  const empty = await openAppLab();
  await using _ = empty;
  const { stdout } = await empty.keepsake(['snapshots']);
  expect(stdout).toContain('keepsake backup');
  expect((await empty.keepsake(['--json', 'snapshots'])).stdout).toBe('[]\n');
});

testRefusals(
  () => lab,
  (snapshot) => ['snapshots', ...(snapshot === 'latest' ? [] : [snapshot])],
);
