/** docs/recovery/3-update-failed.md, walked through with an app that runs from a git checkout. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requirePages, type PageShell } from '../support/page-shell.ts';
import { openPageShell } from '../support/protected-app.ts';
import { requireRoot } from '../support/require-tool.ts';
import { runProgramOk } from '../support/run-program.ts';
import { openVersionedApp, type VersionedApp } from '../support/versioned-app.ts';

let lab: VersionedApp;
let page: PageShell;

beforeAll(async () => {
  lab = await openVersionedApp();
  lab.configureCode({ 'version-file': 'repo/plan.json' });
  page = openPageShell(lab, '3-update-failed.md');
});
afterAll(() => lab[Symbol.asyncDispose]());

const YES = { after: 'go on? [y/N] ', type: 'y\n' };

test.skipIf(!requirePages('git'))(
  'the lines of the page: a guarded update that fails has gone back by itself, and one that went well is rolled back',
  async () => {
    const names = await lab.names();
    await lab.publish('v2', { migrate: 'fails' });
    const failed = await page.run('keepsake update', { exits: { 'keepsake update  ': 1 } });
    expect(failed('keepsake update --dry-run')).toContain('update of wishlist: v1 -> v2');
    expect(failed('keepsake update')).toContain('Code, dependencies and data are back as before');
    expect(await lab.version()).toBe('v1');
    expect(lab.built()).toEqual(['v1', 'v1']);
    expect(await lab.names()).toEqual(names);

    await lab.publish('v3');
    await lab.keepsake(['update']);
    expect(await lab.version()).toBe('v3');
    expect(await lab.names()).toEqual(names.map((name) => `${name} of v3`));
    await page.run('keepsake rollback', { answers: [YES] });
    expect(await lab.version()).toBe('v1');
    expect(await lab.names()).toEqual(names);
  },
);

/** `git pull`, build and migration by hand, to a version that does not run. */
async function updateUnguarded(): Promise<void> {
  await lab.publish('v4', { app: { sick: 500 } });
  await lab.app.stop();
  await lab.git('pull', '--quiet');
  const node = ['runuser', '-u', lab.user ?? '', '--', process.execPath];
  await runProgramOk([...node, 'build.cjs'], { cwd: lab.repo });
  await runProgramOk([...node, 'migrate.cjs', lab.app.folders.database], { cwd: lab.repo });
  await lab.app.start();
  await lab.app.untilUp(500);
}

test.skipIf(!requireRoot() || !requirePages('git', 'runuser'))(
  'the lines of the page: after an update by hand that failed, the old code and the backup from before it make the app answer again',
  async () => {
    // What builds this app.
    const pnpm = `#!/bin/sh\nexec '${process.execPath}' build.cjs\n`;
    writeFileSync(join(lab.app.join('shell'), 'bin', 'pnpm'), pnpm, { mode: 0o755 });
    const names = await lab.names();
    const BEFORE = (await lab.backUp()).slice(0, 8);
    await updateUnguarded();
    const said = await page.run('keepsake restore BEFORE', {
      stands: { BEFORE, 'v0.60.2': 'v1', '-u wishlist': `-u ${lab.user}` },
      answers: [YES],
    });
    expect(said('keepsake dump')).toContain('"appVersion": "v1"');
    expect(said('keepsake restore BEFORE')).toContain(`has snapshot ${BEFORE}`);
    await lab.app.untilUp();
    expect(await lab.version()).toBe('v1');
    expect(lab.built()).toEqual(['v1', 'v1']);
    expect(await lab.names()).toEqual(names);
    expect(page.notRun).toEqual([]);
  },
);
