import { expect, test } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { freezeTree } from '../support/frozen-tree.ts';
import { openProtectedApp, type ProtectedApp } from '../support/protected-app.ts';

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
  await lab.app.stop();
  const before = await freezeTree(lab.app.root, lab.join('before'));
  await lab.app.start();
  await lab.app.untilUp();
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
