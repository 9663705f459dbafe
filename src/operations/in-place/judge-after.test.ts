import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openBackupLab } from '../../../test/support/backup-lab.ts';
import { findLosses, judgeAfter, judgeDatabaseAt, type DatabaseJudge } from './judge-after.ts';

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
