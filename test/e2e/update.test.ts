import { lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAsBefore } from '../support/expect-as-before.ts';
import { freezeTree, type FrozenTree } from '../support/frozen-tree.ts';
import { requireRoot } from '../support/require-tool.ts';
import { openVersionedApp, type Version, type VersionedApp } from '../support/versioned-app.ts';

/** One after the other; those that fail leave it as it was. */
let lab: VersionedApp;
let before: FrozenTree;

const failing: readonly [string, Version, string][] = [
  ['bad-build', { build: 'fails' }, '"node build.cjs" ended with exit code 4'],
  ['bad-migration', { migrate: 'fails' }, '"node migrate.cjs" ended with exit code 5'],
  ['sick', { app: { sick: 500 } }, 'status 500: the database is damaged'],
  ['silent', { app: { startDelayMs: 60_000 } }, 'gave no answer'],
];

beforeAll(async () => {
  lab = await openVersionedApp({ running: false });
  for (const [name, version] of failing) await lab.publish(name, version);
  await lab.publish('v2');
  await lab.git('fetch', '--quiet', '--tags');
  before = await freezeTree(lab.app.root, {
    copy: lab.join('before'),
    // What git notes of each fetch comes and goes.
    busy: ['data', 'repo/.git', 'repo/.git/objects'],
    without: ['repo/.git/FETCH_HEAD'],
  });
  await lab.app.start();
  await lab.app.untilUp();
});

afterAll(() => lab[Symbol.asyncDispose]());

async function expectAllAsBefore(): Promise<void> {
  await expectAsBefore(lab, before);
  expect(await lab.git('status', '--porcelain')).toBe('');
}

test('a version that cannot be built, migrated, or does not answer well leaves the old one as it was, and running', async () => {
  for (const [name, , why] of failing) {
    lab.configureCode({
      health: { ...lab.app.health, timeout: name === 'silent' ? '1 s' : '8 s' },
    });
    const { stderr } = await lab.keepsake(['update', name], { exits: 1 });
    expect(stderr).toContain(why);
    expect(stderr).toContain('Code, dependencies and data are back as before');
    lab.configureCode({});
    await lab.app.untilUp();
    expect(await lab.version()).toBe('v1');
  }
  await expectAllAsBefore();
});

test('an update brings code, dependencies and data to the new version, and rollback brings all back', async () => {
  const plan = await lab.keepsake(['update', '--dry-run']);
  expect(plan.stdout).toMatch(/^update of wishlist: v1 -> v2, \d commits$/m);
  expect(await lab.version()).toBe('v1');
  const names = await lab.names();
  const { stdout } = await lab.keepsake(['update']);
  expect(stdout).toContain('the update of wishlist went well and answers');
  expect(await lab.version()).toBe('v2');
  expect(lab.built()).toEqual(['v2', 'v2']);
  expect(await lab.names()).toEqual(names.map((name) => `${name} of v2`));
  expect(await lab.git('rev-parse', '--abbrev-ref', 'HEAD')).toBe('main');
  const calls = (await lab.app.calls()).length;
  expect((await lab.keepsake(['update'])).stdout).toContain('nothing to do');
  expect((await lab.app.calls()).slice(calls).join()).not.toContain('stop');
  await lab.keepsake(['rollback', '--yes']);
  expect(await lab.version()).toBe('v1');
  await expectAllAsBefore();
});

test('local changes and a version that nobody knows are refused before anything is stopped', async () => {
  const calls = (await lab.app.calls()).length;
  const unknown = await lab.keepsake(['update', 'v99'], { exits: 2 });
  expect(unknown.stderr).toContain('knows no branch, tag or commit "v99"');
  writeFileSync(join(lab.repo, 'plan.json'), 'changed by hand');
  const { stderr } = await lab.keepsake(['update'], { exits: 1 });
  expect(stderr).toContain('1 local change that an update could lose: plan.json');
  await lab.git('checkout', '--', 'plan.json');
  expect((await lab.app.calls()).slice(calls).join()).not.toContain('stop');
});

test('the next backup keeps the old code; once that is gone, old data is not put under new code', async () => {
  await lab.keepsake(['update', 'v2']);
  expect(await lab.version()).toBe('v2');
  const needed = await lab.keepsake(['update'], { exits: 2 });
  expect(needed.stderr).toContain('it is on no branch');
  expect(needed.stderr).toContain('keepsake update v2');
  await lab.backUp();
  const { stdout } = await lab.keepsake(['status']);
  expect(stdout).toContain("with the app's code, which is in no repository");
  for (const place of lab.places(lab.join())) rmSync(place, { recursive: true });
  const { stderr } = await lab.keepsake(['rollback', '--yes'], { exits: 1 });
  const commit = await lab.git('rev-parse', '--short=12', 'v1');
  expect(stderr).toContain(`it was commit ${commit}`);
  expect(stderr).toContain(`keepsake update ${commit}`);
  expect(await lab.version()).toBe('v2');
});

test.skipIf(!requireRoot())("what an update makes belongs to the app's user", () => {
  const owners = new Set<number>();
  const collect = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      owners.add(lstatSync(path).uid);
      if (entry.isDirectory()) collect(path);
    }
  };
  collect(lab.repo);
  expect([...owners]).toEqual([lstatSync(lab.repo).uid]);
  expect(owners.has(0)).toBe(false);
});
