import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { FileLayerCall } from '../../../test/support/intercepted-file-layer.ts';
import { keptFiles } from '../../../test/support/app-tree.ts';
import { openInPlaceLab, type InPlaceLab } from '../../../test/support/in-place-lab.ts';
import { commitAndDie } from '../../../test/support/killed-app.ts';
import { Life } from '../../../test/support/life.ts';
import { PLACE_NAME } from './change-journal.ts';

/** Restores, and dies at the first call that this is true of. */
async function dieWhen(
  { lab, snapshot, part }: { lab: InPlaceLab; snapshot: string; part?: 'database' },
  isThen: (call: FileLayerCall) => boolean,
): Promise<void> {
  const life = new Life();
  const intercept = (call: FileLayerCall): void => {
    if (isThen(call)) life.end();
    life.check();
  };
  const run = { ...(part && { part }), unreachable: true, life, intercept };
  await expect(lab.restore(snapshot, run)).rejects.toThrow();
  expect(lab.service).toMatchObject({ isRunning: false, isHeld: true });
}

function placeOf({ root }: InPlaceLab): string {
  return join(root, readdirSync(root).find((name) => PLACE_NAME.test(name)) ?? '');
}

/** Before anything of the app is moved: its units are in the journal. */
function isFirstMove({ name, path }: FileLayerCall): boolean {
  return name === 'rename' && path.includes('/old/');
}

/** Somebody starts the app although it is held; it commits and is killed. */
function runApp({ backup }: InPlaceLab): void {
  commitAndDie(backup.app.database, "UPDATE items SET name = 'written after the crash'");
}

function namesIn(database: string): unknown[] {
  using db = new DatabaseSync(database);
  return db.prepare('SELECT DISTINCT name FROM items').all();
}

test('what an app wrote on the restored state that a crash left in place stays on the disk when it is undone', async () => {
  const parts = await openInPlaceLab();
  const { lab } = parts;
  await using _lab = lab;
  const env = join(lab.root, '.env');
  const before = lab.tree();
  const isIn = (): boolean => existsSync(env) && readFileSync(env, 'utf8') !== 'changed since';
  await dieWhen(parts, isIn);
  writeFileSync(env, 'written on the restored state');
  await lab.end('undo', { unreachable: true });
  expect(lab.tree()).toEqual(before);
  expect(keptFiles(lab.root)).toContain('written on the restored state');
});

test('new files that somebody removed before anything was moved take nothing of the app with them', async () => {
  const parts = await openInPlaceLab();
  const { lab } = parts;
  await using _lab = lab;
  const before = lab.tree();
  await dieWhen(parts, isFirstMove);
  rmSync(join(placeOf(lab), 'new'), { recursive: true });
  const stuck = { code: 'CHANGE_STUCK', details: { why: expect.stringContaining('was removed') } };
  await expect(lab.end('undo', { unreachable: true })).rejects.toMatchObject(stuck);
  expect(lab.tree()).toEqual(before);
});

test.each(['undo', 'resume'] as const)(
  'rows that an app committed between the plan and the first rename are in its database (%s)',
  async (direction) => {
    const parts = await openInPlaceLab();
    const { lab } = parts;
    await using _lab = lab;
    const { database } = lab.backup.app;
    new DatabaseSync(database).exec('PRAGMA wal_checkpoint(TRUNCATE)');
    rmSync(`${database}-wal`);
    rmSync(`${database}-shm`, { force: true });
    await dieWhen({ ...parts, part: 'database' }, isFirstMove);
    runApp(lab);
    await lab.end(direction, { unreachable: true });
    const now = direction === 'undo' ? database : join(placeOf(lab), 'old', database);
    expect(namesIn(now)).toEqual([{ name: 'written after the crash' }]);
  },
);
