import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages } from '../support/app-lab.ts';
import { expectAsBefore } from '../support/expect-as-before.ts';
import { freezeTree, type FrozenTree } from '../support/frozen-tree.ts';
import { openProtectedApp, type ProtectedApp } from '../support/protected-app.ts';
import type { RunningProgram } from '../support/run-program.ts';

/** Each test leaves it running and as it was. */
let lab: ProtectedApp;
let before: FrozenTree;

beforeAll(async () => {
  lab = await openProtectedApp({ running: false, unit: { startLimitBurst: 100 } });
  writeFileSync(join(lab.app.root, 'app.js'), 'old version');
  before = await freezeTree(lab.app.root, { copy: lab.join('before'), busy: ['data'] });
  await lab.app.start();
  await lab.app.untilUp();
});

afterAll(() => lab[Symbol.asyncDispose]());

/** A program that changes the database as a migration does, and then does `end`. */
function migration(sql: string, end: string): string[] {
  const script = `
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(process.argv[1]);
    db.exec(process.argv[2]);
    db.close();
    console.log('migrated');
    ${end};`;
  return [process.execPath, '-e', script, lab.app.folders.database, sql];
}

test('a migration that goes well stays, rows and files that are gone are told, and rollback takes it back', async () => {
  const names = await lab.names();
  const sql = "UPDATE items SET name = 'migrated ' || name; DELETE FROM items WHERE id = 1";
  const { uploads } = lab.app.folders;
  const end = `require('node:fs').rmSync(${JSON.stringify(uploads)}, { recursive: true })`;
  const { stdout, stderr } = await lab.keepsake(['guard', '--', ...migration(sql, end)]);
  expect(stdout).toContain('\nmigrated\n');
  expect(stdout).toContain('the guard of wishlist went well and answers');
  expect(stderr).toContain('items has 19 rows, had 20');
  expect(stderr).toMatch(new RegExp(`${uploads}: (it is gone|no file is left in it)`));
  expect(await lab.names()).toEqual(names.slice(1).map((name) => `migrated ${name}`));
  expect(await lab.app.state()).toBe('active');
  const history = await lab.keepsake(['--json', 'history']);
  const [run] = history.jsonLines<{ verb: string; steps: { name: string }[] }>();
  expect(run?.verb).toBe('guard');
  expect(run?.steps.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['protect', 'node', 'judge', 'probe']),
  );
  await lab.keepsake(['rollback', '--yes']);
  await expectAsBefore(lab, before);
});

test('a migration that changes rows and fails leaves every byte as it was, and its exit code is told', async () => {
  const command = migration('DELETE FROM items', 'process.exit(3)');
  const earlier = new Set(lab.places(lab.join()));
  const json = await lab.keepsake(['--json', 'guard', '--', ...command], { exits: 1 });
  expect(messages(json, 'summary')[0]).toMatchObject({ outcome: 'failed', command_exit_code: 3 });
  expect(json.stderr).toContain('migrated');
  const [failure] = messages(json, 'exit_error');
  expect(failure?.['message']).toContain('ended with exit code 3');
  expect(failure?.['hint']).toContain('runs again and answers');
  const places = lab.places(lab.join()).filter((place) => !earlier.has(place));
  expect(places).toHaveLength(1);
  expect(failure?.['hint']).toContain(`${places[0]}/new`);
  await expectAsBefore(lab, before);
});

test('a command that leaves no sound database is taken back, whatever it says itself', async () => {
  const script = `require('node:fs').truncateSync(process.argv[1], 0)`;
  const args = ['guard', '--', process.execPath, '-e', script, lab.app.folders.database];
  const { stderr } = await lab.keepsake(args, { exits: 1 });
  expect(stderr).toContain('a database is not sound afterwards');
  await expectAsBefore(lab, before);
});

test('with the repository out of reach the copies aside are the restore point', async () => {
  const args = ['guard', '--only', 'database', '--', ...migration('DELETE FROM items', '')];
  const { stderr } = await lab.keepsake(args, { repository: lab.join('gone') });
  expect(stderr).toContain('are the restore point');
  expect(await lab.names()).toEqual([]);
  await lab.keepsake(['rollback', '--yes']);
  await expectAsBefore(lab, before);
});

/** As the community script's `update`: stops the app, wipes the tree, puts data back, starts it. */
function updateScript(end: string): string[] {
  const script = `
    const fs = require('node:fs');
    const { execFileSync } = require('node:child_process');
    const root = process.argv[1];
    execFileSync('systemctl', ['stop', 'wishlist']);
    fs.rmSync(root + '.backup', { recursive: true, force: true });
    for (const name of ['data', 'uploads', '.env']) {
      fs.cpSync(root + '/' + name, root + '.backup/' + name, { recursive: true });
    }
    fs.rmSync(root, { recursive: true });
    fs.mkdirSync(root);
    fs.mkdirSync(root + '/node_modules');
    fs.writeFileSync(root + '/node_modules/dep.js', 'new dependency');
    fs.writeFileSync(root + '/app.js', 'new version');
    ${end}
    fs.cpSync(root + '.backup', root, { recursive: true });
    execFileSync('systemctl', ['start', 'wishlist']);`;
  return [process.execPath, '-e', script, lab.app.root];
}

test('a script that stops and starts the app itself and replaces the tree can be guarded', async () => {
  const { root } = lab.app;
  lab.configure({ exclude: ['node_modules'], code: { folder: '.' } });
  const names = await lab.names();
  const failed = updateScript('process.exit(7);');
  const { stderr } = await lab.keepsake(['guard', '--', ...failed], { exits: 1 });
  expect(stderr).toContain('ended with exit code 7');
  expect(await lab.app.state()).toBe('active');
  await expectAsBefore(lab, before);
  const { stdout, stderr: told } = await lab.keepsake(['guard', '--', ...updateScript('')]);
  expect(stdout).toContain(`${root}.backup`);
  expect(told).not.toContain('keepsake:');
  expect(readFileSync(join(root, 'app.js'), 'utf8')).toBe('new version');
  expect(await lab.names()).toEqual(names);
  expect(await lab.app.state()).toBe('active');
  await lab.keepsake(['rollback', '--yes']);
  await expectAsBefore(lab, before);
  const update = await lab.keepsake(['update'], { exits: 2 });
  expect(update.stderr).toContain('keepsake guard -- update');
  lab.configure({});
});

/** Deletes all rows, and then never ends. */
async function startEndless(): Promise<{ running: RunningProgram; pid: number }> {
  const pidFile = lab.join('command.pid');
  const end = `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000)`;
  const running = lab.startKeepsake(['guard', '--', ...migration('DELETE FROM items', end)]);
  for (let tries = 0; !existsSync(pidFile) || readFileSync(pidFile, 'utf8') === ''; tries += 1) {
    if (tries === 1200) throw new Error(`the command never ran: ${running.stderr()}`);
    await sleep(25);
  }
  const pid = Number(readFileSync(pidFile, 'utf8'));
  writeFileSync(pidFile, '');
  return { running, pid };
}

function isAlive(pid: number): boolean {
  try {
    // A zombie of nobody who looks after it is as good as gone.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function keepsakePid(): number {
  const lock = readFileSync(join(lab.app.join('state'), 'change.lock'), 'utf8');
  return (JSON.parse(lock) as { pid: number }).pid;
}

test('Ctrl-C ends the command, and everything goes back', async () => {
  const { running, pid } = await startEndless();
  process.kill(keepsakePid(), 'SIGINT');
  const { exitCode } = await running.ended();
  expect(exitCode).toBe(1);
  expect(running.stderr()).toContain('runs again and answers');
  expect(isAlive(pid)).toBe(false);
  await expectAsBefore(lab, before);
});

test('when Keepsake is killed the command ends with it; status says what stands, and undo brings all back', async () => {
  const { running, pid } = await startEndless();
  process.kill(keepsakePid(), 'SIGKILL');
  await running.ended();
  for (let tries = 0; isAlive(pid) && tries < 200; tries += 1) await sleep(25);
  expect(isAlive(pid)).toBe(false);
  const { stdout } = await lab.keepsake(['status']);
  expect(stdout).toContain('commands were running');
  expect(stdout).not.toContain('--resume');
  await lab.keepsake(['backup'], { exits: 1 });
  const { stderr } = await lab.keepsake(['restore', '--resume'], { exits: 1 });
  expect(stderr).toContain('keepsake restore --undo');
  await lab.keepsake(['restore', '--undo']);
  await lab.app.untilUp();
  await expectAsBefore(lab, before);
});

test('without "--" or a command nothing is run, and the right line is told', async () => {
  const none = await lab.keepsake(['guard'], { exits: 2 });
  expect(none.stderr).toContain('keepsake guard -- COMMAND');
  const bare = await lab.keepsake(['guard', 'pnpm', 'build'], { exits: 2 });
  expect(bare.stderr).toContain('keepsake guard -- pnpm build');
  const calls = (await lab.app.calls()).length;
  const { stdout } = await lab.keepsake(['guard', '-n', '--', 'pnpm', 'build']);
  expect(stdout).toContain('run       pnpm build');
  expect(stdout).toMatch(/^protect +.*uploads: \d+ files/m);
  expect((await lab.app.calls()).slice(calls).join()).not.toContain('stop');
});
