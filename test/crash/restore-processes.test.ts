/** `restore`, `dump --target` and `verify` as processes: killed for real, and on a real full disk. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemRandom } from '../../src/base/clock.ts';
import { openCompatLab, type CompatLab } from '../support/compat-lab.ts';
import { compareTrees } from '../support/compare-trees.ts';
import { DIES_AT_EACH } from '../support/crash-steps.ts';
import { requireRoot } from '../support/require-tool.ts';
import { labEnvironment, scratchOf, startIn } from '../support/running-keepsake.ts';
import { smallDisk } from '../support/small-disk.ts';

const MORTAL = fileURLToPath(new URL('../support/mortal-files-main.ts', import.meta.url));
const FILES = 12;
const MOMENTS = DIES_AT_EACH ? Array.from({ length: 22 }, (_, n) => n + 1) : [14, 22];

let lab: CompatLab;

beforeAll(async () => {
  lab = await openCompatLab();
  await lab.initQuickly();
  mkdirSync(lab.join('scratch'));
  mkdirSync(join(lab.source, 'uploads'));
  for (let at = 0; at < FILES; at += 1) {
    writeFileSync(join(lab.source, 'uploads', `${at}.jpg`), systemRandom(400_000));
  }
  await lab.keepsake(['backup', lab.source], { env: labEnvironment(lab) });
});
afterAll(() => lab[Symbol.asyncDispose]());

/** Killed by the system itself, in the middle of the n-th change below `folder`. */
async function killedIn(folder: string, at: number, args: readonly string[]): Promise<void> {
  const env = {
    NODE_OPTIONS: `--import=${MORTAL}`,
    KEEPSAKE_TEST_DIES: `${folder}|${at}|half`,
  };
  const run = startIn(lab, args, { env });
  expect(await run.ended(), run.stderr()).toMatchObject({ exitCode: null, endedBy: 'SIGKILL' });
}

function namesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' });
}

const temporaryIn = (names: readonly string[]) => names.filter((name) => name.endsWith('.tmp'));

test.each(MOMENTS)(
  'a restore killed at its change no. %i leaves whole files, and the next one completes it',
  async (at) => {
    const target = lab.join(`restored-${at}`);
    const below = join(target, lab.source.slice(1));
    await killedIn(target, at, ['restore', 'latest', '--target', target]);
    const left = existsSync(below) ? namesBelow(below) : [];
    expect(left.length).toBeLessThan(FILES + 1);
    for (const name of left.filter((each) => each.endsWith('.jpg'))) {
      expect(readFileSync(join(below, name)).equals(readFileSync(join(lab.source, name)))).toBe(
        true,
      );
    }
    await lab.keepsake(['restore', 'latest', '--target', target, '--verify']);
    expect(temporaryIn(namesBelow(target))).toEqual([]);
    expect(await compareTrees(lab.source, below)).toEqual([]);
  },
);

test('a dump that is killed leaves the old file, and the next one nothing beside the new one', async () => {
  const folder = lab.join('dumped');
  mkdirSync(folder);
  const target = join(folder, 'one.jpg');
  writeFileSync(target, 'what was there');
  const file = join(lab.source, 'uploads/1.jpg');
  const dump = ['dump', 'latest', file, '--target', target];
  await killedIn(folder, 2, dump);
  expect(readFileSync(target, 'utf8')).toBe('what was there');
  expect(temporaryIn(readdirSync(folder))).toHaveLength(1);
  await lab.keepsake(dump);
  expect(readdirSync(folder)).toEqual(['one.jpg']);
  expect(readFileSync(target).equals(readFileSync(file))).toBe(true);
});

test('a verify that is killed leaves scratch that the next one removes', async () => {
  await killedIn(lab.join('scratch'), 20, ['verify', 'latest']);
  expect(scratchOf(lab)).toHaveLength(1);
  await lab.keepsake(['verify', 'latest'], { env: labEnvironment(lab) });
  expect(scratchOf(lab)).toEqual([]);
  expect(readdirSync(join(lab.source, 'uploads'))).toHaveLength(FILES);
  await lab.keepsake(['check', '--read-data']);
});

test.skipIf(!requireRoot())(
  'a disk that fills up during restore and dump is told, keeps what is whole, and more room completes it',
  async () => {
    const target = lab.join('small');
    await using disk = await smallDisk(target, '2m');
    const restore = ['restore', 'latest', '--target', target];
    const { stderr } = await lab.keepsake(restore, { exits: 1 });
    expect(stderr).toContain(`no space left on the disk of "${target}"`);
    const below = join(target, lab.source.slice(1));
    const there = namesBelow(below).filter((name) => name.endsWith('.jpg'));
    expect(there.length).toBeGreaterThan(0);
    for (const name of there) {
      expect(readFileSync(join(below, name)).equals(readFileSync(join(lab.source, name)))).toBe(
        true,
      );
    }
    const dump = ['dump', 'latest', '/', '--target', join(target, 'all.tar')];
    expect((await lab.keepsake(dump, { exits: 1 })).stderr).toContain('ENOSPC');
    expect(temporaryIn(namesBelow(target))).toEqual([]);
    expect(readdirSync(target)).not.toContain('all.tar');
    await disk.resize('20m');
    await lab.keepsake(restore);
    await lab.keepsake(dump);
    expect(await compareTrees(lab.source, below)).toEqual([]);
  },
);
