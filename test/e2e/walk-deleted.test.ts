/** docs/recovery/2-rows-deleted.md, walked through with an app that runs. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requirePages, type PageShell } from '../support/page-shell.ts';
import { openPageShell, openProtectedApp, type ProtectedApp } from '../support/protected-app.ts';

let lab: ProtectedApp;
let page: PageShell;
/** On the evening before the mistake. */
let names: string[];
/** What the ids of the page are here. */
let ids: { SNAPSHOT: string; AFTER: string };
/** Of the deleted items. */
let pictures: string[];

beforeAll(async () => {
  lab = await openProtectedApp();
  page = openPageShell(lab, '2-rows-deleted.md');
  await lab.backUp('--time', '2024-11-20T03:00:00Z');
  await lab.app.addItem('Wanted on the second day');
  names = await lab.names();
  const SNAPSHOT = await lab.backUp('--time', '2024-11-21T03:00:00Z');
  const mistake = (await lab.app.items()).slice(3, 8);
  for (const { id } of mistake) await lab.app.deleteItem(id);
  pictures = mistake.flatMap(({ imageUrl }) => imageUrl ?? []);
  const AFTER = await lab.backUp('--time', '2024-11-22T03:00:00Z');
  await lab.app.addItem('Came since');
  ids = { SNAPSHOT: SNAPSHOT.slice(0, 8), AFTER: AFTER.slice(0, 8) };
});
afterAll(() => lab[Symbol.asyncDispose]());

const YES = { after: 'go on? [y/N] ', type: 'y\n' };

async function missingPictures(): Promise<string[]> {
  const there = new Set(lab.uploads());
  const named = (await lab.app.items()).flatMap(({ imageUrl }) => imageUrl ?? []);
  return named.filter((name) => !there.has(name));
}

test.skipIf(!requirePages('sqlite3'))(
  'counts and diff lead to the snapshot before rows were deleted, its database comes back with their pictures, and what was written since is found',
  async () => {
    const counted = (await page.run('keepsake snapshots'))('keepsake snapshots').split('\n');
    const at = counted.findIndex((line) => line.startsWith(ids.AFTER));
    expect(counted[at]).toMatch(/ {2}items -5$/);
    const files = `files in ${lab.app.folders.uploads} -${pictures.length}`;
    expect(counted.slice(at + 1, at + 4).map((line) => line.trim())).toContain(files);
    expect(counted.findLast((line, index) => index < at && /^[0-9a-f]{8} /.test(line))).toMatch(
      new RegExp(`^${ids.SNAPSHOT} `),
    );

    const compared = (await page.run('keepsake diff', { stands: ids }))('keepsake diff');
    expect(compared).toMatch(/^rows {5}items: 21 -> 16$/m);
    const uploads = Number(/uploads: (\d+) -> \d+$/m.exec(compared)?.[1]);
    expect(compared).toContain(
      `files    in ${lab.app.folders.uploads}: ${uploads} -> ${uploads - pictures.length}`,
    );
    expect(compared).toContain(`M    ${lab.app.folders.database}`);
    for (const picture of pictures)
      expect(compared).toContain(`-    ${lab.app.folders.uploads}/${picture}`);

    const restored = await page.run('keepsake restore', { stands: ids, answers: [YES] });
    expect(restored('keepsake restore SNAPSHOT --only database --dry-run')).toMatch(
      /^rows +items: 17 -> 21$/m,
    );
    const told = restored('keepsake restore SNAPSHOT --only database');
    expect(told).toContain(`${pictures.length} missing uploads that its rows name came back, too`);
    expect(await lab.names()).toEqual(names);
    expect(await missingPictures()).toEqual([]);

    const RESTOREPOINT = /before: snapshot (\w{8}) \(restore point\)/.exec(told)?.[1] ?? '';
    const stands = { ...ids, RESTOREPOINT };
    const compare = await page.run('mkdir -m 700', { stands });
    expect(compare('sqlite3 since.db').trim()).toBe('22|Came since|');
    expect(lab.uploads()).toContainEqual(expect.stringMatching(/^came-since-\d+\.webp$/));

    const PICTURE = pictures[0] ?? '';
    const other = await page.run('sqlite3 then.db', { stands: { ...stands, PICTURE } });
    expect(other('sqlite3 then.db').trim().split('\n')).toHaveLength(5);
    const copy = readFileSync(lab.join('home', 'compare', PICTURE));
    expect(copy.equals(readFileSync(`${lab.app.folders.uploads}/${PICTURE}`))).toBe(true);
    expect(page.notRun).toEqual([]);
  },
);

test('the same counts are there for programs, with what changed since the snapshot before', async () => {
  const { stdout } = await lab.keepsake(['--json', 'snapshots', '--counts', '--app', 'wishlist']);
  const listed = JSON.parse(stdout) as Record<string, unknown>[];
  const items = { table: 'items', rows_before: 21, rows_after: 16 };
  expect(listed.at(-1)).toMatchObject({
    short_id: ids.AFTER,
    counts: {
      databases: [{ path: lab.app.folders.database }],
      changes: { tables: expect.arrayContaining([expect.objectContaining(items)]) },
    },
  });
});
