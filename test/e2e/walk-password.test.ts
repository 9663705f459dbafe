/** docs/recovery/6-password-lost.md, walked through with an app that runs. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { PASSWORD } from '../support/cli-lab.ts';
import { requirePages, type PageShell } from '../support/page-shell.ts';
import { openPageShell, openProtectedApp, type ProtectedApp } from '../support/protected-app.ts';

let lab: ProtectedApp;
let page: PageShell;
let passwordFile: string;
/** The key of the drawer, whose password nobody knows any more. */
let lost: string;

beforeAll(async () => {
  lab = await openProtectedApp();
  mkdirSync(lab.join('etc-keepsake'));
  passwordFile = lab.join('etc-keepsake', 'password');
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  const config = JSON.parse(readFileSync(lab.config, 'utf8')) as object;
  writeFileSync(lab.config, JSON.stringify({ ...config, 'password-file': passwordFile }));
  page = openPageShell(lab, '6-password-lost.md', {
    stands: { '/etc/keepsake': lab.join('etc-keepsake') },
    env: { KEEPSAKE_PASSWORD: undefined },
  });
  await lab.backUp();
  const added = ['key', 'add', '--new-password-command', 'echo nobody knows'];
  const [key] = messages(await lab.keepsake(['--json', ...added]), 'key_added');
  lost = String(key?.['id']);
});
afterAll(() => lab[Symbol.asyncDispose]());

test.skipIf(!requirePages())(
  'the config leads to the password, and with it a new one replaces the lost one',
  async () => {
    const looked = await page.run('keepsake config show');
    expect(looked('keepsake config show')).toContain(passwordFile);
    expect(looked('cat')).toBe(`${PASSWORD}\n`);

    const changed = await page.run('keepsake key add', { stands: { LOST: lost.slice(0, 8) } });
    expect(changed('keepsake key list')).toContain(` ${lost.slice(0, 8)}`);
    const withNew = changed('keepsake --password-file');
    expect(withNew.match(/^\*/gm)).toHaveLength(1);
    expect(readdirSync(join(lab.repository, 'keys'))).toHaveLength(2);
    expect(readdirSync(join(lab.repository, 'keys'))).not.toContain(lost);
    await lab.keepsake(['snapshots'], { env: { KEEPSAKE_PASSWORD: 'nobody knows' }, exits: 12 });
  },
);

test.skipIf(!requirePages())(
  'with no password left that is said with what can be done, and the lines of the page begin anew with the data of the app, which still runs',
  async () => {
    const names = await lab.names();
    writeFileSync(passwordFile, 'forgotten\n');
    const env = { KEEPSAKE_PASSWORD: '', KEEPSAKE_PASSWORD_FILE: passwordFile };
    const before = namesBelow(lab.repository);
    const { stderr } = await lab.keepsake(['snapshots'], { env, exits: 12 });
    expect(stderr).toContain('does not open');
    expect(stderr).toContain('If none can be found, nothing opens it');
    const begun = await page.run('keepsake -r /mnt/backup/wishlist-2 init');
    expect(begun('keepsake -r /mnt/backup/wishlist-2 backup')).toMatch(/snapshot \w{8}/);
    const sheet = readFileSync(lab.join('home', 'sheet.txt'), 'utf8');
    expect(sheet).toContain(readFileSync(passwordFile, 'utf8').trim());
    expect(sheet).toContain(`${lab.repository}-2`);
    expect(await lab.names()).toEqual(names);
    expect(namesBelow(lab.repository)).toEqual(before);
    expect(page.notRun).toEqual([]);
  },
);

function namesBelow(folder: string): Set<string> {
  return new Set(readdirSync(folder, { recursive: true, encoding: 'utf8' }));
}
