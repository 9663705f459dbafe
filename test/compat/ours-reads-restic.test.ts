/** What the real restic wrote, in the hands of Keepsake. */
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareTrees } from '../support/compare-trees.ts';
import { openCompatLab, type CompatLab, type ListedSnapshot } from '../support/compat-lab.ts';
import { layOutNastyTree, type NastyFeature } from '../support/nasty-tree.ts';
import { requireRoot, requireTool } from '../support/require-tool.ts';

const VERSIONS = [1, 2] as const;
const LARGE_BYTES = 20_000_000;

/** restic 0.14 stores the target with what is not UTF-8 replaced, and sockets as nothing. */
const LOST: readonly NastyFeature[] = ['non-utf8-link-target', 'socket'];

interface BackupSummary {
  files_new: number;
  files_changed: number;
  data_added: number;
  data_added_packed: number;
}

const canRun = requireTool('restic') && requireRoot();

describe.skipIf(!canRun).each(VERSIONS)('a repository of restic, version %s', (version) => {
  let lab: CompatLab;
  let snapshots: ListedSnapshot[];

  beforeAll(async () => {
    lab = await openCompatLab();
    layOutNastyTree(join(lab.source, 'nasty'), { without: [...LOST, 'large'], manyCount: 60 });
    writeFileSync(join(lab.source, 'large'), randomBytes(LARGE_BYTES));
    writeFileSync(join(lab.source, 'rows'), 'row, row, row\n'.repeat(40_000));
    await lab.initByRestic(version);
    const backup = ['backup', '--pack-size', '4', '--tag', 'a&b', lab.source];
    await lab.restic(backup);
    writeFileSync(join(lab.source, 'second day'), 'y'.repeat(5000));
    await lab.restic(backup);
    snapshots = await lab.snapshots();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test('`check --read-data` finds it whole', async () => {
    await lab.keepsake(['check', '--read-data']);
  });

  test('`snapshots` lists what restic lists', async () => {
    const { stdout } = await lab.keepsake(['snapshots', '--json']);
    const listed = JSON.parse(stdout) as ListedSnapshot[];
    const facts = ({ id, time, tree, paths, tags }: ListedSnapshot): unknown => {
      return { id, time, tree, paths, tags };
    };
    expect(listed.map(facts)).toEqual(snapshots.map(facts));
  });

  test('`ls` lists the paths that restic lists', async () => {
    const theirs = await lab.restic(['ls', '--json', 'latest']);
    const ours = await lab.keepsake(['ls', '--json', 'latest']);
    expect(pathsOf(ours.stdout)).toEqual(pathsOf(theirs.stdout));
    expect(pathsOf(ours.stdout).length).toBeGreaterThan(120);
  });

  test('`dump` gives the bytes of a file', async () => {
    const { stdoutBytes } = await lab.keepsake(['dump', 'latest', join(lab.source, 'large')]);
    expect(sha256(stdoutBytes)).toBe(sha256(readFileSync(join(lab.source, 'large'))));
  });

  test('`diff` tells what changed', async () => {
    const { stdout } = await lab.keepsake(['diff', snapshots[0]!.id, snapshots[1]!.id]);
    expect(stdout).toMatch(new RegExp(`^\\+ +${join(lab.source, 'second day')}$`, 'm'));
  });

  test('`restore` brings it back equal in bytes and all metadata', async () => {
    await lab.keepsake(['restore', 'latest', '--target', lab.join('restored')]);
    expect(await compareTrees(lab.source, lab.join('restored', lab.source))).toEqual([]);
  });

  test('a backup into it deduplicates, keeps to its version, and restic accepts it', async () => {
    const moved = lab.join('moved');
    mkdirSync(moved);
    const large = readFileSync(join(lab.source, 'large'));
    writeFileSync(join(moved, 'large'), large);
    const first = await backUp(lab, moved);
    expect(first.data_added).toBeLessThan(20_000); // trees and the manifest
    appendFileSync(join(moved, 'large'), 'z'.repeat(100_000));
    writeFileSync(join(moved, 'text'), 'compressible '.repeat(10_000));
    const second = await backUp(lab, moved);
    expect(second.data_added).toBeLessThan(9_000_000); // the last chunk, once more
    const stored = second.data_added_packed;
    if (version === 1) expect(stored).toBeGreaterThan(second.data_added);
    else expect(stored).toBeLessThan(second.data_added);
    await lab.checkWithBoth();
    await lab.restic(['restore', 'latest', '--target', lab.join('theirs')]);
    expect(await compareTrees(moved, lab.join('theirs', moved))).toEqual([]);
  });

  test('after `restic forget --prune` Keepsake finds it whole and restores the rest', async () => {
    const [first] = snapshots;
    await lab.restic(['forget', '--prune', '--max-unused', '0', first!.id]);
    await lab.checkWithBoth();
    const target = lab.join('after prune');
    await lab.keepsake(['restore', snapshots[1]!.id, '--target', target]);
    expect(await compareTrees(lab.source, join(target, lab.source))).toEqual([]);
  });
});

describe.skipIf(!canRun)(
  'a repository of many small packs and indexes, by a restic in another time zone',
  () => {
    test('is checked, restored and backed up into without reading a file again', async () => {
      await using lab = await openCompatLab();
      await lab.initByRestic();
      for (let day = 1; day <= 6; day += 1) {
        writeFileSync(join(lab.source, `day ${day}`), randomBytes(50_000));
        await lab.restic(['backup', lab.source], { env: { TZ: 'Europe/Berlin' } });
      }
      expect((await lab.newest()).time).toMatch(/\+0[12]:00$/);
      expect(readdirSync(join(lab.repository, 'index'))).toHaveLength(6);
      const summary = await backUp(lab, lab.source);
      expect(summary).toMatchObject({ files_new: 0, files_changed: 0 });
      await lab.checkWithBoth();
      await lab.keepsake(['restore', 'latest', '--target', lab.join('restored')]);
      expect(await compareTrees(lab.source, lab.join('restored', lab.source))).toEqual([]);
    });
  },
);

async function backUp(lab: CompatLab, path: string): Promise<BackupSummary> {
  const { stdout } = await lab.keepsake(['backup', '--json', path]);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as BackupSummary;
}

/** Both tools' lines begin with one about the snapshot, which has no path of its own. */
function pathsOf(jsonLines: string): string[] {
  const lines = jsonLines.trim().split('\n');
  const paths = lines.flatMap((line) => (JSON.parse(line) as { path?: string }).path ?? []);
  // Bytes that are not UTF-8: restic writes U+FFFD, Keepsake an escape that tells which.
  return paths.map((path) => path.toWellFormed());
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
