import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { systemClock, type Clock } from '../../base/clock.ts';
import { Life, openInPlaceLab, type InPlaceLab } from '../../../test/support/in-place-lab.ts';
import { openSession } from '../../../test/support/sqlite-session.ts';
import { PLACE_NAME } from './change-journal.ts';

vi.setConfig({ testTimeout: 30_000 });

/** The database was written, and Keepsake died before it could note that. */
async function dieAfterWriting(lab: InPlaceLab, snapshot: string): Promise<void> {
  const life = new Life();
  const { database } = lab.backup.app;
  const intercept = (): void => {
    if (namesIn(database).length > 1) life.end();
    life.check();
  };
  const run = { live: true, part: 'database', unreachable: true, life, intercept } as const;
  await expect(lab.restore(snapshot, run)).rejects.toThrow();
}

function namesIn(database: string): unknown[] {
  using db = new DatabaseSync(database);
  return db.prepare('SELECT DISTINCT name FROM items').all();
}

function copyOfOld({ root, backup }: InPlaceLab): string {
  const place = readdirSync(root).find((name) => PLACE_NAME.test(name)) ?? '';
  return join(root, place, 'old', backup.app.database);
}

/** Waits at most this long. */
function hasty(limitMs: number): Clock {
  return {
    ...systemClock,
    sleep: (ms, options) => systemClock.sleep(Math.min(ms, limitMs), options),
  };
}

test('an undo that the app does not let write keeps the copy of the old state, and can be done again', async () => {
  const { lab, snapshot } = await openInPlaceLab();
  await using _lab = lab;
  const { database } = lab.backup.app;
  await dieAfterWriting(lab, snapshot);
  await using app = await openSession(database, 'BEGIN IMMEDIATE');
  const stuck = { code: 'CHANGE_STUCK' };
  await expect(lab.end('undo', { unreachable: true, clock: hasty(2000) })).rejects.toMatchObject(
    stuck,
  );
  await app.exec('ROLLBACK');
  await app.close();
  expect(existsSync(copyOfOld(lab))).toBe(true);
  await lab.end('undo', { unreachable: true });
  expect(namesIn(database)).toEqual([{ name: 'changed since' }]);
});
