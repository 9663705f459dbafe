import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openBackupLab } from '../../../test/support/backup-lab.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { changeFileLayer } from './change-files.ts';
import {
  findEmptied,
  findLosses,
  judgeAfter,
  judgeDatabaseAt,
  type DatabaseJudge,
} from './judge-after.ts';

test('a database that is empty, gone or damaged is named; rows that are missing are counted', async () => {
  await using lab = await openBackupLab({ app: { items: 8, users: 4, noteWords: 4 } });
  const judge: DatabaseJudge = (path, options) => judgeDatabaseAt(lab.workbench(), path, options);
  const { database } = lab.app;
  const copy = lab.join('copy.db');
  const db = new DatabaseSync(database);
  db.exec(`VACUUM INTO '${copy}'`);
  db.exec('PRAGMA foreign_keys = 0; DELETE FROM items WHERE id <= 3; DROP TABLE patch');
  db.close();
  const found = await judgeAfter(judge, [database], {});
  const losses = await findLosses(judge, found, { copyOf: () => copy });
  expect(losses).toContain(`${database}: items has 5 rows, had 8`);
  for (const spoil of [
    () => truncateSync(database, 0),
    () => writeFileSync(database, Buffer.alloc(8192, 7)),
    () => rmSync(database),
  ]) {
    spoil();
    const judged = judgeAfter(judge, [database], {});
    await expect(judged).rejects.toMatchObject({ code: 'GUARD_DATABASE_BAD' });
  }
});

test('a folder that lost its last file, or is gone, is named; one that held none before is not', async () => {
  await using dir = await tempFolder();
  for (const name of ['gone', 'emptied', 'kept']) {
    mkdirSync(dir.join('copy', name, 'in'), { recursive: true });
    writeFileSync(dir.join('copy', name, 'in', 'a'), '');
  }
  for (const name of ['copy/empty', 'emptied/in', 'kept']) {
    mkdirSync(dir.join(name), { recursive: true });
  }
  writeFileSync(dir.join('kept', 'b'), '');
  const paths = ['gone', 'emptied', 'kept', 'empty', 'never'].map((name) => dir.join(name));
  const copyOf = (path: string): string => path.replace(dir.path, dir.join('copy'));
  expect(await findEmptied(changeFileLayer, paths, copyOf)).toEqual([
    `${dir.join('gone')}: it is gone`,
    `${dir.join('emptied')}: no file is left in it`,
  ]);
});
