/** docs/recovery/5-repository-damaged.md, walked through with an app that runs. */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { damageFile, messages, repositoryFiles } from '../support/app-lab.ts';
import { requirePages, type PageShell } from '../support/page-shell.ts';
import { openPageShell, openProtectedApp, type ProtectedApp } from '../support/protected-app.ts';

let lab: ProtectedApp;
let page: PageShell;
/** The older snapshot, and the newer one, that needs packs of both. */
let [older, newer] = ['', ''];
let olderNames: string[];
let namesNow: string[];
/** Packs that only the newer one needs. */
let newPacks: string[];
/** That came with the newer one: what the app has no more is lost with its pack. */
let pictures: { gone: string; kept: string };

beforeAll(async () => {
  lab = await openProtectedApp();
  page = openPageShell(lab, '5-repository-damaged.md');
  older = await lab.backUp('--time', '2024-11-20T03:00:00Z');
  olderNames = await lab.names();
  const oldPacks = new Set(repositoryFiles(lab.repository, 'data'));
  const [gone, kept] = [await lab.app.addItem('Gone again'), await lab.app.addItem('Came to stay')];
  pictures = { gone: gone.imageUrl ?? '', kept: kept.imageUrl ?? '' };
  newer = await lab.backUp('--time', '2024-11-21T03:00:00Z');
  newPacks = repositoryFiles(lab.repository, 'data').filter((path) => !oldPacks.has(path));
  cpSync(lab.repository, lab.join('sound'), { recursive: true });
  await lab.app.deleteItem(gone.id);
  namesNow = await lab.names();
});
afterAll(() => lab[Symbol.asyncDispose]());

afterEach(() => {
  rmSync(lab.repository, { recursive: true });
  cpSync(lab.join('sound'), lab.repository, { recursive: true });
});

const YES = { after: 'go on? [y/N] ', type: 'y\n' };
const CHECK = 'keepsake check --read-data';

/** The pack with the picture, the rows and the manifest of the newer snapshot. */
async function newDataPack(): Promise<string> {
  const { index } = await lab.openRepository();
  const isData = (path: string) => [...index.entriesOf(basename(path))][0]?.type === 'data';
  return newPacks.find(isData) ?? '';
}

test.skipIf(!requirePages())(
  'with a damaged pack check names what is hurt and what is whole, that is restored in place, the rest of the hurt one copied out, and the lines of the page mend the repository',
  async () => {
    damageFile(await newDataPack(), { from: 0, to: 0.95 });
    const found = await page.run(CHECK, { exits: { [CHECK]: 20 } });
    const checked = found(CHECK);
    expect(checked).toMatch(/pack [0-9a-f]{64} is damaged/);
    expect(checked).toMatch(new RegExp(`snapshot ${newer.slice(0, 8)} of .* is hurt in`));
    expect(checked).not.toContain(`snapshot ${older.slice(0, 8)}`);
    expect(checked).toContain(
      'whole: 1 of 2 snapshots; the newest complete one is of 2024-11-20 03:00:00:',
    );
    expect(checked).toMatch(/next: keepsake repair index --read-data\nthen: keepsake backup\n/);

    const WHOLE = /^ {2}keepsake restore (\w{8})$/m.exec(checked)?.[1] ?? '';
    const stands = { WHOLE, HURT: newer.slice(0, 8) };
    const rest = await page.run('keepsake restore WHOLE', {
      stands,
      answers: [YES],
      exits: { 'keepsake restore HURT': 20 },
    });
    expect(await lab.names()).toEqual(olderNames);
    const rescued = lab.join('home', 'rescued', lab.app.root);
    // The restore point has stored it anew.
    expect(readdirSync(join(rescued, 'uploads'))).toContain(pictures.kept);
    expect(readdirSync(join(rescued, 'uploads'))).not.toContain(pictures.gone);
    expect(rest('keepsake restore HURT')).toContain(pictures.gone);
    const { stderr } = await lab.keepsake(['restore', newer, '--yes'], { exits: 20 });
    expect(stderr).toContain('Nothing was changed');
    // The restore point does not rely on what is damaged.
    await lab.keepsake(['rollback', '--yes']);
    expect(await lab.names()).toEqual(namesNow);
    expect(lab.uploads()).toContain(pictures.kept);

    const mended = await page.run('keepsake backup', { exits: { [CHECK]: 20 } });
    expect(mended(CHECK)).not.toContain(pictures.kept);
    expect(mended('keepsake repair snapshots --dry-run')).toContain(pictures.gone);
    expect((await lab.keepsake(['check', '--read-data'])).stdout).toContain('no errors were found');
  },
);

test('an index that is gone costs nothing: all snapshots look hurt until it is written anew', async () => {
  for (const path of repositoryFiles(lab.repository, 'index')) rmSync(path);
  const { stdout } = await lab.keepsake(['check'], { exits: 20 });
  expect(stdout).toContain('no complete snapshot is whole as the index is now');
  expect(stdout).toMatch(/^next: keepsake repair index$/m);
  await lab.keepsake(['repair', 'index']);
  await lab.keepsake(['check', '--read-data']);
});

test('a damaged snapshot file costs that snapshot alone, which is named, passed over, and removed by its name', async () => {
  damageFile(join(lab.repository, 'snapshots', newer));
  const { stdout, stderr } = await lab.keepsake(['check'], { exits: 20 });
  expect(stderr).toContain(`snapshot file ${newer} is damaged`);
  expect(stdout).toContain(`keepsake restore ${older.slice(0, 8)}`);
  // The local cache still has the file as it was.
  const latest = await lab.keepsake(['--no-cache', 'restore', 'latest', '--dry-run']);
  expect(latest.stderr).toContain('is damaged and was passed over');
  expect(latest.stdout).toContain(`from snapshot ${older.slice(0, 8)}`);
  await lab.keepsake(['repair', 'snapshots', '--forget', newer]);
  await lab.keepsake(['check']);
});

test.skipIf(!requirePages())(
  'one damaged key leaves the other passwords; with all of them gone, or the config, copies of those files open the repository again',
  async () => {
    await page.run('cp -a');
    const keys = join(lab.repository, 'keys');
    const [first = ''] = readdirSync(keys);
    const added = ['key', 'add', '--new-password-command', 'echo second'];
    const [second] = messages(await lab.keepsake(['--json', ...added]), 'key_added');
    damageFile(join(keys, first));
    await lab.keepsake(['snapshots'], { exits: 12 });
    const env = { KEEPSAKE_PASSWORD: 'second' };
    const { stderr } = await lab.keepsake(['check'], { env, exits: 20 });
    expect(stderr).toContain(`key file ${first} is damaged`);
    await lab.keepsake(['key', 'remove', first], { env });

    rmSync(join(keys, String(second?.['id'])));
    expect((await lab.keepsake(['snapshots'], { exits: 20 })).stderr).toContain('no key file');
    rmSync(join(lab.repository, 'config'));
    for (const name of ['config', 'keys']) {
      cpSync(lab.join('home', name), join(lab.repository, name), { recursive: true });
    }
    await lab.keepsake(['check']);
    expect(page.notRun).toEqual([]);
  },
);
