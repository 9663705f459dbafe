/** docs/recovery/1-database-damaged.md, walked through with an app that runs. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { openPageShell, openProtectedApp, type ProtectedApp } from '../support/protected-app.ts';
import { requirePages, type PageShell } from '../support/page-shell.ts';

let lab: ProtectedApp;
let page: PageShell;
/** As backed up. */
let before: string[];

beforeAll(async () => {
  lab = await openProtectedApp({ data: { items: 60, noteWords: 60 } });
  page = openPageShell(lab, '1-database-damaged.md');
  before = await lab.names();
  await lab.backUp();
});
afterAll(() => lab[Symbol.asyncDispose]());

const YES = { after: 'go on? [y/N] ', type: 'y\n' };

async function restoreAll(): Promise<Record<string, unknown>> {
  return messages(await lab.keepsake(['--json', 'restore', 'latest', '--yes']), 'summary')[0] ?? {};
}

test('a database that is gone comes back while the app is stopped, which stays stopped', async () => {
  await lab.app.stop();
  rmSync(lab.app.folders.database);
  const { salvageable } = await restoreAll();
  expect(salvageable).toBeUndefined();
  expect(await lab.app.state()).toBe('inactive');
  await lab.app.start();
  await lab.app.untilUp();
  expect(await lab.names()).toEqual(before);
});

test('a database of zero bytes under a running app is replaced, and the app answers again', async () => {
  const { database } = lab.app.folders;
  for (const end of ['', '-wal', '-shm']) rmSync(`${database}${end}`, { force: true });
  writeFileSync(database, '');
  await lab.app.kill();
  await lab.app.untilUp(500);
  const summary = await restoreAll();
  expect(summary).toMatchObject({ outcome: 'done', health: 'healthy' });
  expect(summary['salvageable']).toBeUndefined();
  expect(await lab.names()).toEqual(before);
});

/** The two pages in the middle of the table, as a disk makes them; rows on both sides stay. */
function damageItems(database: string): void {
  const db = new DatabaseSync(database);
  const leaves = db
    .prepare("SELECT pageno FROM dbstat WHERE name = 'items' AND pagetype = 'leaf' ORDER BY path")
    .all() as { pageno: number }[];
  const { page_size: size } = db.prepare('PRAGMA page_size').get() as { page_size: number };
  db.close();
  expect(leaves.length).toBeGreaterThan(4);
  const bytes = readFileSync(database);
  const middle = Math.floor(leaves.length / 2);
  for (const { pageno } of leaves.slice(middle, middle + 2)) {
    bytes.fill(0xa5, (pageno - 1) * size, pageno * size);
  }
  writeFileSync(database, bytes);
}

test.skipIf(!requirePages('sqlite3'))(
  'a corrupt database under a failed service is replaced by the lines of the page, and newer rows are salvaged from the copy kept aside',
  async () => {
    for (const name of ['Came since', 'And this']) await lab.app.addItem(name);
    await lab.app.stop();
    damageItems(lab.app.folders.database);
    lab.app.setApp({ exitAtStart: 1 });
    await lab.app.start();
    await lab.app.untilState('failed');
    lab.app.setApp({});

    const said = await page.run('keepsake restore latest', { answers: [YES] });
    expect(said('keepsake restore latest --only database --dry-run')).toContain(
      'wishlist.service, failed',
    );
    expect(await lab.names()).toEqual(before);
    expect(await lab.app.state()).toBe('active');
    const told = said('keepsake restore latest --only database');
    expect(told).toContain('docs/recovery/1-database-damaged.md');
    const kept = /^ {2}(\/.*prod\.db)$/m.exec(told)?.[1] ?? '';
    expect(kept).toContain(join('old', lab.app.folders.database));
    expect((await lab.keepsake(['status'])).stdout).toContain(kept);

    const place = kept.split('/old/')[0] ?? '';
    const stands = { '/opt/wishlist/.keepsake-restore-XXXXXXXX': place };
    const salvage = await page.run('KEPT=', { stands });
    expect(salvage("sqlite3 salvaged.db 'PRAGMA")).toContain('ok');
    // Before the lines go on in a new shell.
    const counted = await page.run('keepsake dump', { stands, exits: { diff: 1 } });
    expect(counted('diff')).toMatch(/^< items\|60$/m);
    expect(counted('diff')).toMatch(/^> items\|[345]\d$/m);
    const found = counted('sqlite3 salvaged.db "ATTACH')
      .split('\n')
      .filter((line) => line !== '');
    expect(found).toEqual(['61|Came since|', '62|And this|']);
    // Not all of it is in the repository, so no backup removes it.
    await lab.backUp();
    expect(readFileSync(kept).length).toBeGreaterThan(0);
    expect(page.notRun).toEqual([]);
  },
);
