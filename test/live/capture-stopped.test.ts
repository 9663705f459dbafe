import type { ChildProcess } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import type { CapturedDatabase } from '../../src/sqlite/capture.ts';
import { openGate } from '../../src/sqlite/gate.ts';
import { openLab, type CaptureLab } from '../support/capture-lab.ts';
import { printFolder } from '../support/folder-print.ts';
import { requireRoot } from '../support/require-tool.ts';
import { runProgramOk } from '../support/run-program.ts';
import { startBank } from '../support/sqlite-bank-app.ts';
import { examineBank } from '../support/sqlite-bank.ts';
import {
  killSqliteProgram,
  makeDatabase,
  openSession,
  startSqliteProgram,
} from '../support/sqlite-session.ts';

const gate = openGate();
afterAll(() => gate[Symbol.asyncDispose]());

const ROUNDS = Number(process.env['KEEPSAKE_SOAK_CAPTURES'] ?? 100) / 10;
const SEED = Number(process.env['KEEPSAKE_SOAK_SEED'] ?? 1);

/** Captures and shows that the source folder is as it was, down to times and inodes. */
async function captureUntouched(lab: CaptureLab): Promise<CapturedDatabase> {
  const before = await printFolder(lab.source);
  const captured = await lab.capture();
  expect(await printFolder(lab.source)).toEqual(before);
  return captured;
}

test.each(['wal', 'delete', 'persist'] as const)(
  'after kill -9 at a random moment a %s database is captured with every acknowledged commit, its folder untouched',
  async (journalMode) => {
    await using lab = await openLab(gate);
    const methods = new Set<string>();
    const database = lab.path();
    const progressFile = lab.outside('progress');
    for (let round = 0; round < ROUNDS; round += 1) {
      await using app = await startBank({
        database,
        journalMode,
        progressFile,
        seed: SEED * 1000 + round,
        checkpointer: journalMode === 'wal' && round % 2 === 0,
      });
      await sleep(10 + ((round * 37) % 120));
      await app.kill();
      if (round % 3 === 1) await rm(`${database}-shm`, { force: true });
      await using captured = await captureUntouched(lab);
      const { problems, commits } = examineBank(captured.imagePath);
      expect(problems).toEqual([]);
      expect(commits).toBeGreaterThanOrEqual((await app.committed()) || 0);
      methods.add(captured.method);
    }
    if (journalMode === 'wal') expect(methods).toContain('raw-crashed');
  },
);

test.each(['wal', 'delete'] as const)(
  'a cleanly stopped %s database is captured and its folder gains no file',
  async (journalMode) => {
    await using lab = await openLab(gate);
    const options = { database: lab.path(), journalMode, seed: SEED };
    await using app = await startBank({ ...options, progressFile: lab.outside('progress') });
    await sleep(100);
    await app.stop();
    expect(readdirSync(lab.source)).toEqual(['app.db']);
    await using captured = await captureUntouched(lab);
    expect(captured.method).toBe(journalMode === 'wal' ? 'raw-stopped' : 'raw');
    expect(examineBank(captured.imagePath)).toEqual({
      problems: [],
      commits: await app.committed(),
    });
  },
);

test('a running app notices nothing: its folder is the same after a capture, -shm included', async () => {
  await using lab = await openLab(gate);
  await using session = await openSession(
    lab.path(),
    'PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)',
  );
  await using captured = await captureUntouched(lab);
  expect(captured.method).toBe('raw');
  expect(captured.facts.tables).toEqual([{ name: 't', kind: 'table', rowCount: 2 }]);
  await session.exec('INSERT INTO t VALUES (3)');
});

test('what an app has not committed is not in the capture', async () => {
  await using lab = await openLab(gate);
  await using session = await openSession(
    lab.path(),
    'PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2)',
  );
  await using captured = await lab.capture();
  expect(captured.facts.tables[0]?.rowCount).toBe(1);
  await session.exec('COMMIT');
});

test.each([['-wal'], ['-wal', '-shm']])(
  'an empty main file beside a full WAL is a database, and the WAL survives: %s %s',
  async (...sidecars) => {
    await using lab = await openLab(gate);
    await using session = await openSession(
      lab.outside('app.db'),
      'PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES (7); VACUUM',
    );
    for (const sidecar of sidecars) {
      await copyFile(lab.outside(`app.db${sidecar}`), lab.path(`app.db${sidecar}`));
    }
    await session.close();
    await writeFile(lab.path(), '');
    await using captured = await captureUntouched(lab);
    expect(captured.method).toBe('raw-crashed');
    expect(captured.facts.tables).toEqual([{ name: 't', kind: 'table', rowCount: 1 }]);
  },
);

test('a journal that is not hot does not make the app a killed one', async () => {
  await using lab = await openLab(gate);
  makeDatabase(
    lab.path(),
    'PRAGMA journal_mode = PERSIST; CREATE TABLE t(a); INSERT INTO t VALUES (1)',
  );
  expect(readdirSync(lab.source)).toContain('app.db-journal');
  await using captured = await captureUntouched(lab);
  expect(captured).toMatchObject({ method: 'raw', warnings: [] });
});

test.each(['delete', 'persist', 'truncate'])(
  'the unfinished transaction of an app killed in %s mode is rolled back in the image only',
  async (journalMode) => {
    await using lab = await openLab(gate);
    await using app = await openSession(lab.path(), killedInTheMiddle(journalMode));
    await app.kill();
    await using captured = await captureUntouched(lab);
    expect(captured.method).toBe('raw-hot-journal');
    expect(captured.warnings.map(({ code }) => code)).toEqual(['app-was-killed']);
    expect(captured.facts.integrity.result).toBe('ok');
    expect(captured.facts.tables).toEqual([{ name: 't', kind: 'table', rowCount: 20 }]);
  },
);

test.skipIf(!requireRoot())(
  'a hot journal is captured while another program of root looks at the database on and on',
  async () => {
    await using lab = await openLab(gate);
    await using app = await openSession(lab.path(), killedInTheMiddle('delete'));
    await app.kill();
    const journal = () => statSync(lab.path('app.db-journal'), { bigint: true });
    const before = journal();
    const readers = [1, 2, 3, 4].map((seed) =>
      startSqliteProgram('sqlite-slow-reader-main', [lab.path(), String(SEED + seed)]),
    );
    await using _ = { [Symbol.asyncDispose]: () => killAll(readers) };
    await Promise.all(readers);
    await sleep(200);
    // SQLite in a process of root sets the journal's owner each time, here to the same one.
    expect(journal().ctimeNs).not.toBe(before.ctimeNs);
    await using captured = await lab.capture({ busyLimitMs: 2000 });
    expect(captured.method).toBe('raw-hot-journal');
    expect(captured.facts.integrity.result).toBe('ok');
    expect(captured.facts.tables).toEqual([{ name: 't', kind: 'table', rowCount: 20 }]);
    expect(journal().mtimeNs).toBe(before.mtimeNs);
  },
);

async function killAll(programs: readonly Promise<ChildProcess>[]): Promise<void> {
  for (const program of programs) await killSqliteProgram(await program);
}

function killedInTheMiddle(journalMode: string): string {
  return `PRAGMA journal_mode = ${journalMode}; PRAGMA cache_size = 5; CREATE TABLE t(a);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
      INSERT INTO t SELECT zeroblob(9000) FROM n;
    BEGIN; UPDATE t SET a = randomblob(9000); INSERT INTO t SELECT a FROM t`;
}

test('a capture during a transaction that has spilled to the file waits for its end', async () => {
  await using lab = await openLab(gate);
  await using session = await openSession(
    lab.path(),
    `PRAGMA cache_size = 5; CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(100000)); BEGIN;
     INSERT INTO t SELECT zeroblob(3000) FROM (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9));
     UPDATE t SET a = randomblob(length(a))`,
  );
  const [captured] = await Promise.all([
    lab.capture(),
    sleep(400).then(() => session.exec('COMMIT')),
  ]);
  await using _ = captured;
  expect(captured).toMatchObject({ method: 'raw', warnings: [] });
  expect(captured.facts.tables[0]?.rowCount).toBe(10);
});

const NOBODY = 65_534;

test.skipIf(!requireRoot())(
  'a read-only mount is captured: while the app runs, stopped, killed, and with a hot journal',
  async () => {
    await using lab = await openLab(gate);
    await mkdir(lab.outside('mounted'));
    await using bind = await mountReadOnly(lab.source, lab.outside('mounted'));
    await using app = await openSession(
      lab.path(),
      'PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1)',
    );
    const methods: string[] = [];
    const step = async () => {
      const before = await printFolder(lab.source);
      await using captured = await lab.capture({ path: `${bind.path}/app.db` });
      expect(captured.facts.tables[0]?.rowCount).toBe(1);
      expect(await printFolder(lab.source)).toEqual(before);
      methods.push(captured.method);
    };
    await step();
    await app.close();
    await step();
    await using second = await openSession(lab.path(), 'UPDATE t SET a = 2');
    await second.kill();
    await step();
    await using third = await openSession(
      lab.path(),
      `PRAGMA journal_mode = DELETE; PRAGMA cache_size = 5;
       UPDATE t SET a = zeroblob(90000); BEGIN; UPDATE t SET a = randomblob(90000);
       INSERT INTO t SELECT a FROM t`,
    );
    await third.kill();
    await step();
    expect(methods).toEqual(['raw', 'raw-stopped', 'raw', 'raw-hot-journal']);
  },
);

async function mountReadOnly(source: string, target: string) {
  await runProgramOk(['mount', '--bind', source, target]);
  await runProgramOk(['mount', '-o', 'remount,bind,ro', target]);
  return {
    path: target,
    [Symbol.asyncDispose]: async () => void (await runProgramOk(['umount', target])),
  };
}

test.skipIf(!requireRoot())('sidecars keep an owner that differs from the database’s', async () => {
  await using lab = await openLab(gate);
  makeDatabase(lab.path(), 'PRAGMA journal_mode = WAL; CREATE TABLE t(a)');
  await chown(lab.path(), 0, NOBODY);
  await chmod(lab.path(), 0o660);
  await chmod(lab.folder, 0o755);
  await using app = await openSession(lab.path(), 'INSERT INTO t VALUES (1)');
  // As it is when an app reaches the database by its group, and creates the other two itself.
  await chown(lab.path('app.db-wal'), NOBODY, NOBODY);
  await chown(lab.path('app.db-shm'), NOBODY, NOBODY);
  await using live = await captureUntouched(lab);
  expect(live.method).toBe('raw');
  await app.kill();
  await using dead = await captureUntouched(lab);
  expect([live.facts.tables[0]?.rowCount, dead.facts.tables[0]?.rowCount]).toEqual([1, 1]);
});
