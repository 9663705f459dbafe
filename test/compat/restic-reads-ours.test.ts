/** What Keepsake wrote, in the hands of the real restic. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareTrees } from '../support/compare-trees.ts';
import { openCompatLab, treeIds, type CompatLab } from '../support/compat-lab.ts';
import { layOutNastyTree, lostByRestic014, type NastyFeature } from '../support/nasty-tree.ts';
import { requireRoot, requireTool } from '../support/require-tool.ts';
import { startBank } from '../support/sqlite-bank-app.ts';
import { examineBank } from '../support/sqlite-bank.ts';

interface BackupSummary {
  files_new: number;
  files_changed: number;
  files_unmodified: number;
  data_added_packed: number;
}

const canRun = requireTool('restic') && requireRoot();

describe.skipIf(!canRun)('a nasty folder that Keepsake backed up', () => {
  let lab: CompatLab;
  let there: Set<NastyFeature>;
  let id: string;

  beforeAll(async () => {
    lab = await openCompatLab();
    there = layOutNastyTree(lab.source, { without: lostByRestic014 });
    await lab.keepsake(['init']);
    await lab.addQuickKey();
    await lab.keepsake(['backup', lab.source]);
    id = (await lab.newest()).id;
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test('the folder holds what a file system can hold', () => {
    const features = ['names', 'non-utf8-names', 'hard-links', 'fifo', 'xattrs', 'sparse'] as const;
    expect([...there]).toEqual(expect.arrayContaining([...features]));
  });

  test('`restic check --read-data` finds it whole', async () => {
    await lab.checkWithBoth();
  });

  test('`restic restore` brings it back equal in bytes and all metadata', async () => {
    await lab.restic(['restore', id, '--target', lab.join('restored')]);
    expect(await compareTrees(lab.source, lab.join('restored', lab.source))).toEqual([]);
  });

  test('`restic ls`, `snapshots`, `find` and `stats` read it', async () => {
    const [snapshot] = await lab.snapshots();
    expect(snapshot).toMatchObject({ id, paths: [lab.source] });
    const { stdout } = await lab.restic(['ls', '--json', id]);
    const nodes = stdout.trim().split('\n').slice(1);
    const paths = nodes.map((line) => (JSON.parse(line) as { path: string }).path);
    expect(paths).toContain(join(lab.source, 'names/-1795387581064.webp'));
    expect(paths).toContain(join(lab.source, 'names/new\nline'));
    const found = await lab.resticJson<{ matches: unknown[] }[]>(['find', '00007.webp']);
    expect(found[0]?.matches).toHaveLength(1);
    const stats = await lab.resticJson<{ total_file_count: number }>(['stats', id]);
    expect(stats.total_file_count).toBe(paths.length);
  });

  test('`restic dump` gives the bytes of a file', async () => {
    const file = join(lab.source, 'large/random 6 MB');
    const { stdoutBytes } = await lab.restic(['dump', id, file]);
    expect(sha256(stdoutBytes)).toBe(sha256(readFileSync(file)));
  });

  test('`restic backup` finds every file unmodified and writes the same trees', async () => {
    const { stdout } = await lab.restic(['backup', '--json', lab.source]);
    const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as BackupSummary;
    expect(summary).toMatchObject({ files_new: 0, files_changed: 0 });
    expect(summary.files_unmodified).toBeGreaterThan(350);
    const repository = await lab.openRepository();
    const [ours, theirs] = await lab.snapshots();
    expect(theirs).toMatchObject({ parent: ours!.id });
    const expected = below(await treeIds(repository, theirs!.tree), lab.source);
    expect(below(await treeIds(repository, ours!.tree), lab.source)).toEqual(expected);
    expect(expected.length).toBeGreaterThan(20);
  });

  test('Keepsake in turn finds all unmodified in the snapshot of restic', async () => {
    const { stdout } = await lab.keepsake(['backup', '--json', lab.source]);
    const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as BackupSummary;
    expect(summary).toMatchObject({ files_new: 0, files_changed: 0 });
    const { stdout: diff } = await lab.restic(['diff', id, (await lab.newest()).id]);
    expect(diff).toMatch(/Files: +0 new, +0 removed, +1 changed/); // the manifest
  });
});

describe.skipIf(!canRun)('what restic does to snapshots of Keepsake', () => {
  let lab: CompatLab;

  beforeAll(async () => {
    lab = await openCompatLab();
    layOutNastyTree(join(lab.source, 'tree'), {
      without: [...lostByRestic014, 'large', 'devices'],
      manyCount: 40,
    });
    await lab.initQuickly();
    await lab.keepsake(['backup', '--tag', 'first', '--pack-size', '4 MiB', lab.source]);
    writeFileSync(join(lab.source, 'added'), 'x'.repeat(100_000));
    await lab.keepsake(['backup', '--tag', 'second', lab.source]);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test('`restic diff` tells what changed', async () => {
    const [first, second] = await lab.snapshots();
    const { stdout } = await lab.restic(['diff', first!.id, second!.id]);
    expect(stdout).toContain(`+    ${join(lab.source, 'added')}`);
  });

  test('`restic tag` keeps it readable', async () => {
    await lab.restic(['tag', '--add', 'proven & <kept>', 'latest']);
    expect((await lab.newest()).tags).toEqual(['second', 'proven & <kept>']);
    await lab.checkWithBoth();
  });

  test('`restic rebuild-index` and `--read-all-packs` read our pack headers', async () => {
    await lab.restic(['rebuild-index', '--read-all-packs']);
    await lab.checkWithBoth();
  });

  test('`restic copy` takes it into another repository, and Keepsake accepts the copy', async () => {
    const copy = { repository: lab.join('copy') };
    await lab.restic(['init', '--copy-chunker-params', '--from-repo', lab.repository], copy);
    await lab.addQuickKey(copy.repository);
    await lab.restic(['copy', '--from-repo', lab.repository], copy);
    expect(await lab.snapshots(copy)).toHaveLength(2);
    await lab.checkWithBoth(copy);
    const { stdout } = await lab.keepsake(['backup', '--json', lab.source], copy);
    const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as BackupSummary;
    expect(summary).toMatchObject({ files_new: 0, files_changed: 0 });
  });

  test('`restic forget --prune` and `prune` leave the rest whole', async () => {
    const [first] = await lab.snapshots();
    await lab.restic(['forget', '--prune', '--max-unused', '0', first!.id]);
    expect(await lab.snapshots()).toHaveLength(1);
    await lab.restic(['prune', '--repack-cacheable-only']);
    await lab.checkWithBoth();
    await lab.restic(['restore', 'latest', '--target', lab.join('restored')]);
    expect(await compareTrees(lab.source, lab.join('restored', lab.source))).toEqual([]);
  });
});

describe.skipIf(!canRun)('a version 1 repository of Keepsake', () => {
  test('becomes version 2 by `restic migrate`, and both go on in it', async () => {
    await using lab = await openCompatLab();
    await lab.initQuickly(1);
    writeFileSync(join(lab.source, 'rows'), 'row, row, row\n'.repeat(40_000));
    await lab.keepsake(['backup', lab.source]);
    await lab.restic(['migrate', 'upgrade_repo_v2']);
    writeFileSync(join(lab.source, 'more rows'), 'row and row\n'.repeat(40_000));
    const { stdout } = await lab.keepsake(['backup', '--json', lab.source]);
    const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as BackupSummary;
    expect(summary).toMatchObject({ files_new: 1, files_changed: 0 });
    expect(summary.data_added_packed).toBeLessThan(20_000);
    await lab.restic(['prune', '--repack-uncompressed', '--max-unused', '0']);
    await lab.checkWithBoth();
    await lab.keepsake(['restore', 'latest', '--target', lab.join('restored')]);
    expect(await compareTrees(lab.source, lab.join('restored', lab.source))).toEqual([]);
  });
});

describe.skipIf(!canRun)('a live WAL database that Keepsake backed up', () => {
  test('`restic restore` brings back a committed state of it, and no WAL beside it', async () => {
    await using lab = await openCompatLab();
    const database = join(lab.source, 'data/prod.db');
    mkdirSync(join(lab.source, 'data'));
    writeFileSync(join(lab.source, '.env'), 'ORIGIN=http://localhost:3280\n');
    await lab.initQuickly();
    const progressFile = lab.join('progress');
    await using bank = await startBank({ database, journalMode: 'wal', progressFile, seed: 7 });
    await lab.keepsake(['backup', lab.source]);
    const before = await bank.committed();
    await lab.keepsake(['backup', lab.source]);
    const after = await bank.committed();
    await bank.kill();

    await lab.checkWithBoth();
    await lab.restic(['restore', 'latest', '--target', lab.join('restored')]);
    const restored = lab.join('restored', lab.source);
    const { problems, commits } = examineBank(join(restored, 'data/prod.db'));
    expect(problems).toEqual([]);
    expect(commits).toBeGreaterThanOrEqual(before);
    expect(commits).toBeLessThanOrEqual(after + 1);
    const live = (path: string): boolean => path.startsWith('data/prod.db');
    expect(await compareTrees(lab.source, restored, { skip: live })).toEqual([]);
    const { stdout } = await lab.restic(['ls', 'latest']);
    expect(stdout.match(/.*prod\.db.*/g)).toEqual([database]);
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function below(trees: ReadonlyMap<string, string>, folder: string): [string, string][] {
  return [...trees].filter(([path]) => path === folder || path.startsWith(`${folder}/`));
}
