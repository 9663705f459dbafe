/** What becomes of a database, and of the files its rows name, that change between the two passes. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { archiveApp, nameInRow, openArchiveLab, runInApp } from '../support/archive-lab.ts';

test('a picture younger than the first pass and deleted before the second is in the snapshot if a row names it', async () => {
  await using lab = await openArchiveLab();
  const { files, manifest } = await archiveApp(lab, {
    beforeCapture() {
      writeFileSync(lab.upload('young.webp'), 'young');
      runInApp(lab, nameInRow('young.webp'));
    },
    beforeSecondPass() {
      runInApp(lab, nameInRow('other.webp'));
      rmSync(lab.upload('young.webp'));
    },
  });
  expect(files.get('uploads/young.webp')).toBe('young');
  expect(manifest.references[0]?.missing).toEqual([]);
});

test('a database whose rows name a picture that was deleted with its row meanwhile is captured again', async () => {
  await using lab = await openArchiveLab();
  let isThere = true;
  const { manifest } = await archiveApp(lab, {
    beforeCapture() {
      writeFileSync(lab.upload('young.webp'), 'young');
      runInApp(lab, nameInRow('young.webp'));
    },
    beforeRescue() {
      if (!isThere) return;
      isThere = false;
      runInApp(lab, 'DELETE FROM items WHERE id = 1');
      rmSync(lab.upload('young.webp'));
    },
  });
  expect(isThere).toBe(false);
  expect(manifest.references[0]?.missing).toEqual([]);
});

test('a row whose picture the app itself is without is told, and costs one more capture only', async () => {
  await using lab = await openArchiveLab();
  runInApp(lab, nameInRow('never-there.webp'));
  let looks = 0;
  const { manifest, problems } = await archiveApp(lab, { beforeRescue: () => (looks += 1) });
  expect(manifest.references[0]).toMatchObject({ missingCount: 1, missing: ['never-there.webp'] });
  expect(problems).toEqual([]);
  expect(looks).toBe(2);
});

test('a named upload that becomes a folder between the passes is missing', async () => {
  await using lab = await openArchiveLab();
  writeFileSync(lab.upload('named.webp'), 'named');
  runInApp(lab, nameInRow('named.webp'));
  const { manifest } = await archiveApp(lab, {
    beforeSecondPass() {
      rmSync(lab.upload('named.webp'));
      mkdirSync(lab.upload('named.webp'));
    },
  });
  expect(manifest.references[0]?.missing).toEqual(['named.webp']);
});

test('names in rows lead to no file outside their folder', async () => {
  await using lab = await openArchiveLab();
  runInApp(lab, nameInRow('../.env'));
  const { manifest } = await archiveApp(lab);
  expect(manifest.references[0]?.missing).toEqual(['../.env']);
});

test.each([
  ['configured', 'prod.db'],
  ['discovered', 'more.db'],
])(
  'a %s database deleted after its capture stays in the snapshot, without the WAL it left',
  async (_, name) => {
    await using lab = await openArchiveLab();
    copyFileSync(lab.app.database, join(lab.app.root, 'data', 'more.db'));
    const path = join(lab.app.root, 'data', name);
    const { files, problems, manifest } = await archiveApp(lab, {
      beforeSecondPass() {
        rmSync(path);
        writeFileSync(`${path}-wal`, 'stale');
      },
    });
    expect(files.get(`data/${name}`)).toMatch(/^SQLite format 3\0/);
    expect([...files.keys()].filter((file) => file.includes('-wal'))).toEqual([]);
    expect(problems).toEqual([]);
    expect(manifest.databases).toHaveLength(2);
  },
);

test('a database that came to be after the first pass is captured, not copied', async () => {
  await using lab = await openArchiveLab();
  const path = join(lab.app.root, 'data', 'late.db');
  const { manifest, problems } = await archiveApp(lab, {
    beforeSecondPass() {
      const database = new DatabaseSync(path);
      database.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
      database.close();
    },
  });
  expect(manifest.databases.map((database) => database.path)).toContain(path);
  expect(problems).toEqual([]);
});

test('a column that is gone costs the cross-check, and not the database', async () => {
  await using lab = await openArchiveLab();
  runInApp(lab, 'ALTER TABLE items RENAME COLUMN imageUrl TO picture');
  const { files, problems } = await archiveApp(lab);
  expect(files.has('data/prod.db')).toBe(true);
  expect(problems).toMatchObject([
    {
      kind: 'cross-check',
      error: { code: 'DATABASE_COLUMN_MISSING', details: { path: lab.app.database } },
    },
  ]);
});
