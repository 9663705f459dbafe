/** What becomes of a file or database that changes between the two passes of a backup. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { KeepsakeError } from '../../src/base/errors/keepsake-error.ts';
import { decodeTree } from '../../src/format/tree.ts';
import { openBackupSource } from '../../src/operations/backup-source.ts';
import type { ArchiveResult, ArchiveSource } from '../../src/snapshot/archive-options.ts';
import { archive } from '../../src/snapshot/archive.ts';
import type { FileReading, Leaf, SourceEntry } from '../../src/source/source.ts';
import {
  hastyClock,
  openBackupLab,
  readSnapshotFiles,
  type BackupLab,
} from '../support/backup-lab.ts';

/** What was written less than 50 ms before a walk is looked at whole by the next one. */
const RESTED_MS = 120;

interface Changes {
  /** After the first pass, before the databases are captured. */
  readonly beforeCapture?: () => void;
  /** After the capture, before the files its rows name are looked for. */
  readonly beforeRescue?: () => void;
  /** After the capture, before the second pass. */
  readonly beforeSecondPass?: () => void;
  /** What the walk tells, in its n-th pass (from 1). */
  readonly alter?: (entry: SourceEntry, pass: number) => readonly SourceEntry[];
}

interface Archived extends ArchiveResult {
  /** Contents by path below the app's root. */
  readonly files: ReadonlyMap<string, string>;
  /** How often all files were looked at. */
  readonly passes: number;
  /** What was told of each path. */
  readonly told: ReadonlyMap<string, readonly string[]>;
}

async function archiveApp(
  lab: BackupLab,
  changes: Changes = {},
  parent?: Archived,
): Promise<Archived> {
  const repository = await lab.open();
  const saver = repository.startWriting();
  mkdirSync(lab.scratch, { recursive: true });
  const subject = lab.subject();
  let passes = 1;
  const told = new Map<string, string[]>();
  const result = await archive({
    store: repository,
    source: alteredSource(lab, repository.config.chunkerPolynomial, changes),
    clock: hastyClock,
    capture: { scratchFolder: lab.scratch, gate: lab.gate },
    configuredDatabases: subject.databases,
    references: subject.references,
    paths: subject.paths,
    about: { keepsakeVersion: '0', hostname: 'nas' },
    readers: 2,
    parent: parent && {
      ...parent,
      trees: { load: async (id) => decodeTree(await repository.loadBlob('tree', id)) },
    },
    listener: {
      onPhase(phase) {
        if (phase === 'databases') changes.beforeCapture?.();
        if (phase !== 'changes') return;
        passes += 1;
        changes.beforeSecondPass?.();
      },
      onItem({ path, action }) {
        told.set(path, [...(told.get(path) ?? []), action]);
      },
    },
  });
  await saver.flush();
  const found = await readSnapshotFiles(repository, { ...result, folder: lab.app.root });
  const files = new Map(
    [...found].map(([path, { bytes }]) => [path, Buffer.from(bytes).toString()]),
  );
  return { ...result, files, passes, told };
}

function alteredSource(lab: BackupLab, polynomial: bigint, changes: Changes): ArchiveSource {
  const input = {
    subject: lab.subject(),
    excludeCaches: false,
    oneFileSystem: false,
  } as Parameters<typeof openBackupSource>[0];
  const source = openBackupSource(input, { polynomial, own: [] });
  let pass = 0;
  return {
    async *entries(options) {
      if (options.only === undefined) pass += 1;
      else changes.beforeRescue?.();
      for await (const entry of source.entries(options)) {
        yield* changes.alter?.(entry, pass) ?? [entry];
      }
    },
  };
}

/** What is known of how it was seen has it read without asking `read`. */
function withoutShortWay(leaf: Leaf): Leaf {
  const { seen, ...rest } = leaf;
  expect(seen).toBeDefined();
  return rest;
}

function readSlowly(leaf: Leaf): Leaf {
  const read = (): FileReading => {
    const reading = leaf.read!();
    return {
      async *chunks(options) {
        await sleep(300);
        yield* reading.chunks(options);
      },
      finish: () => reading.finish(),
    };
  };
  return { ...withoutShortWay(leaf), read };
}

async function openLab(): Promise<BackupLab & { upload: (name: string) => string }> {
  const lab = await openBackupLab({ app: { items: 8, users: 3 } });
  const upload = (name: string) => join(lab.app.uploads, name);
  writeFileSync(upload('a.txt'), 'first');
  mkdirSync(upload('folder/deeper'), { recursive: true });
  writeFileSync(upload('folder/deeper/b.txt'), 'below');
  return Object.assign(lab, { upload });
}

/** One statement of the app. */
function runInApp(lab: BackupLab, sql: string): void {
  const database = new DatabaseSync(lab.app.database);
  database.exec(sql);
  database.close();
}

const nameInRow = (name: string) => `UPDATE items SET imageUrl = '${name}' WHERE id = 1`;

test('a file that vanished after the first pass stays, whole and counted, and is no problem', async () => {
  await using lab = await openLab();
  const before = await archiveApp(lab);
  const { files, problems, counts, manifest } = await archiveApp(lab, {
    beforeSecondPass: () => rmSync(lab.upload('a.txt')),
  });
  expect(files.get('uploads/a.txt')).toBe('first');
  expect(problems).toEqual([]);
  expect(counts.totalFilesProcessed).toBe(before.counts.totalFilesProcessed);
  expect(manifest.files).toEqual(before.manifest.files);
});

test('a folder that vanished after the first pass stays with all that was below it', async () => {
  await using lab = await openLab();
  const before = await archiveApp(lab);
  const { files, problems, counts } = await archiveApp(lab, {
    beforeSecondPass: () => rmSync(lab.upload('folder'), { recursive: true }),
  });
  expect(files.get('uploads/folder/deeper/b.txt')).toBe('below');
  expect(problems).toEqual([]);
  expect(counts.totalFilesProcessed).toBe(before.counts.totalFilesProcessed);
});

test('what changed after the first pass is stored as it became: grown, new, or a folder', async () => {
  await using lab = await openLab();
  const { files, problems } = await archiveApp(lab, {
    beforeSecondPass() {
      writeFileSync(lab.upload('a.txt'), 'first and second');
      writeFileSync(lab.upload('c.txt'), 'new');
      rmSync(lab.upload('folder/deeper/b.txt'));
      mkdirSync(lab.upload('folder/deeper/b.txt'));
      writeFileSync(lab.upload('folder/deeper/b.txt/inside'), 'in it');
    },
  });
  expect(files.get('uploads/a.txt')).toBe('first and second');
  expect(files.get('uploads/c.txt')).toBe('new');
  expect(files.get('uploads/folder/deeper/b.txt/inside')).toBe('in it');
  expect(problems).toEqual([]);
});

test('a file that takes long to read is not lost among a thousand unchanged ones told meanwhile', async () => {
  await using lab = await openLab();
  mkdirSync(lab.upload('many'));
  for (let at = 0; at < 1500; at += 1) writeFileSync(lab.upload(`many/b${1000 + at}`), 'b');
  writeFileSync(lab.upload('many/a'), 'old');
  await sleep(RESTED_MS);
  const { files, problems } = await archiveApp(lab, {
    beforeSecondPass: () => writeFileSync(lab.upload('many/a'), 'as it became'),
    alter: (entry, pass) =>
      entry.kind === 'leaf' && entry.path === lab.upload('many/a') && pass === 2
        ? [readSlowly(entry)]
        : [entry],
  });
  expect(problems).toEqual([]);
  expect(files.get('uploads/many/a')).toBe('as it became');
  expect([...files.keys()].filter((path) => path.includes('/many/b'))).toHaveLength(1500);
});

test('a file that became unreadable after it was read stays as it was read', async () => {
  await using lab = await openLab();
  const path = lab.upload('a.txt');
  const details = { path, errno: 'EIO', reason: 'i/o error (EIO)' };
  const error = new KeepsakeError('SOURCE_UNREADABLE', details);
  const failing = (leaf: Leaf): Leaf => ({
    ...withoutShortWay(leaf),
    read: () => ({
      // oxlint-disable-next-line require-yield
      async *chunks() {
        throw error;
      },
      finish: () => Promise.reject(error),
    }),
  });
  const { files, problems } = await archiveApp(lab, {
    beforeSecondPass: () => writeFileSync(path, 'changed'),
    alter: (entry, pass) =>
      pass === 2 && entry.kind === 'leaf' && entry.path === path ? [failing(entry)] : [entry],
  });
  expect(files.get('uploads/a.txt')).toBe('first');
  expect(problems).toEqual([]);
});

test('a folder that can no longer be listed stays as the first pass saw it', async () => {
  await using lab = await openLab();
  const path = lab.upload('folder');
  const error = new Error('not to be listed');
  const { files, problems } = await archiveApp(lab, {
    alter(entry, pass) {
      if (pass === 1 || !`${entry.path}/`.startsWith(`${path}/`)) return [entry];
      const isFirst = entry.kind === 'directory-start' && entry.path === path;
      return isFirst ? [{ kind: 'problem', path, error }] : [];
    },
  });
  expect(files.get('uploads/folder/deeper/b.txt')).toBe('below');
  expect(problems).toEqual([]);
});

test('a file whose attributes cannot be read is stored once, and reported once', async () => {
  await using lab = await openLab();
  const path = lab.upload('a.txt');
  const details = { path, errno: 'EIO', reason: 'i/o error (EIO)' };
  const error = new KeepsakeError('SOURCE_ATTRIBUTES_UNREADABLE', details);
  const { files, problems } = await archiveApp(lab, {
    alter: (entry) =>
      entry.kind === 'leaf' && entry.path === path
        ? [{ kind: 'problem', path, error }, entry]
        : [entry],
  });
  expect(files.get('uploads/a.txt')).toBe('first');
  expect(problems).toEqual([{ path, error, kind: 'file' }]);
});

/** As if something wrote the file during each reading of that pass. */
function restless(path: string, inPass: number): Required<Pick<Changes, 'alter'>> {
  const unsettled = (leaf: Leaf): Leaf => ({
    ...withoutShortWay(leaf),
    read() {
      const reading = leaf.read!();
      return {
        chunks: (options) => reading.chunks(options),
        finish: async () => ({ ...(await reading.finish()), stillChanging: true }),
      };
    },
  });
  return {
    alter: (entry, pass) =>
      pass === inPass && entry.kind === 'leaf' && entry.path === path
        ? [unsettled(entry)]
        : [entry],
  };
}

test('a file that was torn in the first pass is read again in the second', async () => {
  await using lab = await openLab();
  const { problems, counts } = await archiveApp(lab, restless(lab.upload('a.txt'), 1));
  expect(problems).toEqual([]);
  expect(counts.filesChanged).toBe(0);
});

test('a file that was torn in the first pass and then vanished is kept and told as torn', async () => {
  await using lab = await openLab();
  const { files, problems } = await archiveApp(lab, {
    ...restless(lab.upload('a.txt'), 1),
    beforeSecondPass: () => rmSync(lab.upload('a.txt')),
  });
  expect(files.has('uploads/a.txt')).toBe(true);
  expect(problems).toMatchObject([{ error: { code: 'SOURCE_CHANGING' }, kind: 'file' }]);
});

test('a picture younger than the first pass and deleted before the second is in the snapshot if a row names it', async () => {
  await using lab = await openLab();
  const { files, manifest } = await archiveApp(lab, {
    beforeCapture() {
      writeFileSync(lab.upload('young.webp'), 'young');
      runInApp(lab, nameInRow('young.webp'));
    },
    beforeSecondPass() {
      runInApp(lab, nameInRow('other.webp'));
      rmSync(lab.upload('young.webp'));
    },
  });
  expect(files.get('uploads/young.webp')).toBe('young');
  expect(manifest.references[0]?.missing).toEqual([]);
});

test('a database whose rows name a picture that was deleted with its row meanwhile is captured again', async () => {
  await using lab = await openLab();
  let isThere = true;
  const { manifest } = await archiveApp(lab, {
    beforeCapture() {
      writeFileSync(lab.upload('young.webp'), 'young');
      runInApp(lab, nameInRow('young.webp'));
    },
    beforeRescue() {
      if (!isThere) return;
      isThere = false;
      runInApp(lab, 'DELETE FROM items WHERE id = 1');
      rmSync(lab.upload('young.webp'));
    },
  });
  expect(isThere).toBe(false);
  expect(manifest.references[0]?.missing).toEqual([]);
});

test('a row whose picture the app itself is without is told, and costs one more capture only', async () => {
  await using lab = await openLab();
  runInApp(lab, nameInRow('never-there.webp'));
  let looks = 0;
  const { manifest, problems } = await archiveApp(lab, { beforeRescue: () => (looks += 1) });
  expect(manifest.references[0]).toMatchObject({ missingCount: 1, missing: ['never-there.webp'] });
  expect(problems).toEqual([]);
  expect(looks).toBe(2);
});

test('names in rows lead to no file outside their folder', async () => {
  await using lab = await openLab();
  runInApp(lab, nameInRow('../.env'));
  const { manifest } = await archiveApp(lab);
  expect(manifest.references[0]?.missing).toEqual(['../.env']);
});

test.each([
  ['configured', 'prod.db'],
  ['discovered', 'more.db'],
])(
  'a %s database deleted after its capture stays in the snapshot, without the WAL it left',
  async (_, name) => {
    await using lab = await openLab();
    copyFileSync(lab.app.database, join(lab.app.root, 'data', 'more.db'));
    const path = join(lab.app.root, 'data', name);
    const { files, problems, manifest } = await archiveApp(lab, {
      beforeSecondPass() {
        rmSync(path);
        writeFileSync(`${path}-wal`, 'stale');
      },
    });
    expect(files.get(`data/${name}`)).toMatch(/^SQLite format 3\0/);
    expect([...files.keys()].filter((file) => file.includes('-wal'))).toEqual([]);
    expect(problems).toEqual([]);
    expect(manifest.databases).toHaveLength(2);
  },
);

test('a database that came to be after the first pass is captured, not copied', async () => {
  await using lab = await openLab();
  const path = join(lab.app.root, 'data', 'late.db');
  const { manifest, problems } = await archiveApp(lab, {
    beforeSecondPass() {
      const database = new DatabaseSync(path);
      database.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
      database.close();
    },
  });
  expect(manifest.databases.map((database) => database.path)).toContain(path);
  expect(problems).toEqual([]);
});

test('a column that is gone costs the cross-check, and not the database', async () => {
  await using lab = await openLab();
  runInApp(lab, 'ALTER TABLE items RENAME COLUMN imageUrl TO picture');
  const { files, problems } = await archiveApp(lab);
  expect(files.has('data/prod.db')).toBe(true);
  expect(problems).toMatchObject([
    {
      kind: 'cross-check',
      error: { code: 'DATABASE_COLUMN_MISSING', details: { path: lab.app.database } },
    },
  ]);
});

/** Longer than the file's times need to tell two writes apart. */
const SETTLE_MS = 60;

async function openArchivedLab(): Promise<
  Awaited<ReturnType<typeof openLab>> & { first: Archived }
> {
  const lab = await openLab();
  copyFileSync(lab.app.database, join(lab.app.root, 'data', 'more.db'));
  await sleep(SETTLE_MS);
  return Object.assign(lab, { first: await archiveApp(lab) });
}

test('while nobody commits, the files are looked at once, and the snapshot is as after two passes', async () => {
  await using lab = await openArchivedLab();
  writeFileSync(lab.upload('c.txt'), 'new');
  const { files, passes, manifest, counts, told } = await archiveApp(lab, {}, lab.first);
  expect(passes).toBe(1);
  expect(manifest.databases.map(({ captureMethod }) => captureMethod)).toEqual([
    'unchanged',
    'unchanged',
  ]);
  expect(Object.fromEntries(files)).toEqual({
    ...Object.fromEntries(lab.first.files),
    'uploads/c.txt': 'new',
  });
  expect(counts).toMatchObject({ filesNew: 1, filesChanged: 0 });
  expect(counts.filesUnmodified).toBe(lab.first.counts.filesNew);
  expect(told.get(lab.app.database)).toEqual(['unmodified']);
  const [before] = lab.first.manifest.files;
  expect(manifest.files[0]?.fileCount).toBe((before?.fileCount ?? 0) + 1);
});

test('a commit to one of two databases while the files are read has them looked at again', async () => {
  await using lab = await openArchivedLab();
  const changes: Changes = {
    beforeCapture() {
      writeFileSync(lab.upload('young.webp'), 'young');
      runInApp(lab, nameInRow('young.webp'));
    },
    beforeSecondPass: () => writeFileSync(lab.upload('c.txt'), 'new'),
  };
  const { files, passes, manifest, told, counts } = await archiveApp(lab, changes, lab.first);
  expect(passes).toBe(2);
  expect(files.get('uploads/young.webp')).toBe('young');
  expect(files.get('uploads/c.txt')).toBe('new');
  expect(files.get('data/more.db')).toBe(lab.first.files.get('data/more.db'));
  expect(files.get('data/prod.db')).toContain('young.webp');
  expect(manifest.databases.map(({ captureMethod }) => captureMethod)).toContain('unchanged');
  expect(told.get(lab.app.database)).toEqual(['changed']);
  expect(told.get(join(lab.app.root, 'data'))).toEqual(['changed']);
  expect(counts.filesChanged).toBe(1);
});

test('an unreadable or vanished upload has all files looked at again, though nobody commits', async () => {
  await using lab = await openArchivedLab();
  const path = lab.upload('a.txt');
  const error = new KeepsakeError('SOURCE_UNREADABLE', { path, errno: 'EIO', reason: 'EIO' });
  const alter: Changes['alter'] = (entry, pass) =>
    pass === 1 && entry.path === path ? [{ kind: 'problem', path, error }] : [entry];
  const unreadable = await archiveApp(lab, { alter }, lab.first);
  expect([unreadable.passes, unreadable.problems]).toEqual([2, []]);
  expect(unreadable.files.get('uploads/a.txt')).toBe('first');
  rmSync(path);
  expect((await archiveApp(lab, {}, lab.first)).passes).toBe(2);
});

test('a database taken over that vanishes before the second pass stays', async () => {
  await using lab = await openArchivedLab();
  const path = join(lab.app.root, 'data', 'more.db');
  const changes: Changes = {
    beforeCapture: () => runInApp(lab, nameInRow('other.webp')),
    beforeSecondPass: () => rmSync(path),
  };
  const { files, problems, manifest } = await archiveApp(lab, changes, lab.first);
  expect(files.get('data/more.db')).toBe(lab.first.files.get('data/more.db'));
  expect([problems.length, manifest.databases.length]).toEqual([0, 2]);
});
