import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { damageFile, messages, repositoryFiles } from '../support/app-lab.ts';
import { PASSWORD } from '../support/cli-lab.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { restic, resticJson } from '../support/restic.ts';

interface ListedKey {
  readonly id: string;
  readonly current: boolean;
  readonly userName: string;
  readonly hostName: string;
  readonly created: string;
}

let lab: CompatLab;
beforeEach(async () => {
  await (lab as CompatLab | undefined)?.[Symbol.asyncDispose]();
  lab = await openCompatLab();
  await lab.initQuickly();
  writeFileSync(lab.join('second'), 'second\n');
});
afterAll(() => lab[Symbol.asyncDispose]());

const newPassword = () => ['--new-password-file', lab.join('second')];
const asSecond = { env: { KEEPSAKE_PASSWORD: 'second' } };

async function keys(): Promise<ListedKey[]> {
  const { stdout } = await lab.keepsake(['--json', 'key', 'list']);
  return JSON.parse(stdout) as ListedKey[];
}

test('key list says what restic says, and marks the key in use', async () => {
  await lab.keepsake(['key', 'add', '--host', 'drawer', '--user', 'owner', ...newPassword()]);
  const ours = await keys();
  const theirs = await resticJson<ListedKey[]>(lab.repository, PASSWORD, ['key', 'list']);
  // restic 0.14 gives the beginning of the id, later ones all of it.
  const comparable = (list: readonly ListedKey[]) =>
    list
      .map((key) => ({ ...key, id: key.id.slice(0, 8), created: '' }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  expect(comparable(ours)).toEqual(comparable(theirs));
  expect(ours.map(({ current }) => current)).toEqual([true, false]);
  expect(ours[1]).toMatchObject({ hostName: 'drawer', userName: 'owner' });
  const { stdout } = await lab.keepsake(['key', 'list']);
  expect(stdout).toContain(`*${ours[0]?.id.slice(0, 8)}`);
  expect(stdout).toContain(` ${ours[1]?.id.slice(0, 8)}`);
});

test('a key that was added opens for both tools; removed it opens nothing', async () => {
  const [added] = messages(
    await lab.keepsake(['--json', 'key', 'add', '--new-password-command', 'echo second']),
    'key_added',
  );
  await restic(lab.repository, 'second', ['snapshots']);
  await lab.keepsake(['snapshots'], asSecond);
  await lab.keepsake(['key', 'remove', String(added?.['id']).slice(0, 10)]);
  await lab.keepsake(['snapshots'], { ...asSecond, exits: 12 });
  await lab.keepsake(['snapshots']);
});

test('passwd leaves one key, with the new password', async () => {
  await lab.keepsake(['key', 'passwd', ...newPassword()]);
  await restic(lab.repository, 'second', ['snapshots']);
  await lab.keepsake(['snapshots'], { exits: 12 });
  expect(repositoryFiles(lab.repository, 'keys')).toHaveLength(1);
});

test('the key in use, and so the last one, is not removed', async () => {
  const [only] = await keys();
  const { stderr } = await lab.keepsake(['key', 'remove', only?.id ?? ''], { exits: 1 });
  expect(stderr).toContain('is the one this command was opened with');
  expect(repositoryFiles(lab.repository, 'keys')).toHaveLength(1);
});

test('an id that names no key, and a missing or empty new password, change nothing', async () => {
  const { stderr } = await lab.keepsake(['key', 'remove', 'ffff'], { exits: 1 });
  expect(stderr).toContain('keepsake key list');
  await lab.keepsake(['key', 'add'], { exits: 2 });
  writeFileSync(lab.join('empty'), '\n');
  await lab.keepsake(['key', 'add', '--new-password-file', lab.join('empty')], { exits: 2 });
  await lab.keepsake(['key', 'add', '--new-password-command', 'true'], { exits: 2 });
  const both = [...newPassword(), '--new-password-command', 'echo x'];
  await lab.keepsake(['key', 'passwd', ...both], { exits: 2 });
  expect(repositoryFiles(lab.repository, 'keys')).toHaveLength(1);
});

test('a damaged key file is named by key list, does no harm, and can be removed', async () => {
  await lab.keepsake(['key', 'add', ...newPassword()]);
  const id = (await keys()).find(({ current }) => !current)?.id ?? '';
  const file = repositoryFiles(lab.repository, 'keys').find((path) => basename(path) === id) ?? '';
  damageFile(file);
  const { stderr } = await lab.keepsake(['key', 'list'], { exits: 20 });
  expect(stderr).toContain(id);
  await lab.keepsake(['snapshots']);
  await lab.keepsake(['key', 'remove', id]);
  await lab.keepsake(['key', 'list']);
});
