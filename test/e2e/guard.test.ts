import { expect, test } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { freezeTree, type FrozenTree } from '../support/frozen-tree.ts';
import { openVersionedApp } from '../support/versioned-app.ts';
import { openProtectedApp, type ProtectedApp } from '../support/protected-app.ts';

/** While nobody writes; what git notes of each fetch comes and goes. */
async function freezeStopped(lab: ProtectedApp): Promise<FrozenTree> {
  await lab.app.stop();
  const frozen = await freezeTree(lab.app.root, {
    copy: lab.join(`before-${Date.now()}`),
    busy: ['data', 'repo/.git', 'repo/.git/objects'],
    without: ['repo/.git/FETCH_HEAD'],
  });
  await lab.app.start();
  await lab.app.untilUp();
  return frozen;
}

/** A program that changes the database as a migration does, and ends as it is told. */
function migration(lab: ProtectedApp, sql: string, exitCode: number): string[] {
  const script = `
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(process.argv[1]);
    db.exec(process.argv[2]);
    db.close();
    console.log('migrated');
    process.exit(Number(process.argv[3]));`;
  const { database } = lab.app.folders;
  return [process.execPath, '-e', script, database, sql, String(exitCode)];
}

test('a migration that goes well stays, and rollback takes it back', async () => {
  await using lab = await openProtectedApp();
  const before = await lab.names();
  const sql = "UPDATE items SET name = 'migrated ' || name; DELETE FROM items WHERE id = 1";
  const { stdout, stderr } = await lab.keepsake(['guard', '--', ...migration(lab, sql, 0)]);
  expect(stdout).toContain('\nmigrated\n');
  expect(stdout).toContain('the guard of wishlist went well and answers');
  expect(stderr).toContain('items has 19 rows, had 20');
  expect(await lab.names()).toEqual(before.slice(1).map((name) => `migrated ${name}`));
  expect(await lab.app.state()).toBe('active');
  await lab.keepsake(['rollback', '--yes']);
  expect(await lab.names()).toEqual(before);
});

test('a migration that changes rows and fails leaves every byte as it was', async () => {
  await using lab = await openProtectedApp();
  const before = await freezeStopped(lab);
  const command = migration(lab, 'DELETE FROM items', 3);
  const json = await lab.keepsake(['--json', 'guard', '--', ...command], { exits: 1 });
  expect(messages(json, 'summary')[0]).toMatchObject({ outcome: 'failed', command_exit_code: 3 });
  expect(json.stderr).toContain('migrated');
  const { stderr } = await lab.keepsake(['guard', '--', ...command], { exits: 1 });
  expect(stderr).toContain('ended with exit code 3');
  expect(stderr).toContain('runs again and answers');
  expect(await lab.app.loginStatus()).toBe(200);
  await lab.app.stop();
  for (const place of lab.places()) expect(stderr + json.stdout).toContain(place);
  expect(await before.differences()).toEqual([]);
});

test('an update brings code, dependencies and data to the new version, and rollback brings all back', async () => {
  await using lab = await openVersionedApp();
  await lab.publish('v2');
  const names = await lab.names();
  const plan = await lab.keepsake(['update', '--dry-run']);
  const before = await freezeStopped(lab);
  expect(plan.stdout).toContain('update of wishlist: v1 -> v2, 1 commit');
  expect(await lab.version()).toBe('v1');
  const { stdout } = await lab.keepsake(['update']);
  expect(stdout).toContain('the update of wishlist went well and answers');
  expect(await lab.version()).toBe('v2');
  expect(lab.built()).toEqual(['v2', 'v2']);
  expect(await lab.names()).toEqual(names.map((name) => `${name} of v2`));
  const again = await lab.keepsake(['update']);
  expect(again.stdout).toContain('nothing to do');
  await lab.keepsake(['rollback', '--yes']);
  expect(await lab.version()).toBe('v1');
  expect(lab.built()).toEqual(['v1', 'v1']);
  await lab.app.stop();
  expect(await before.differences()).toEqual([]);
  expect(await lab.git('status', '--porcelain')).toBe('');
});
