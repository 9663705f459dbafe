import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { openGate } from '../../src/sqlite/gate.ts';
import { ScratchImage } from '../../src/sqlite/scratch-image.ts';
import { takeImage } from '../../src/sqlite/take-image.ts';
import { openLab, type CaptureLab } from '../support/capture-lab.ts';
import { requireRoot } from '../support/require-tool.ts';
import { runProgramOk } from '../support/run-program.ts';
import { descendantsOf, isRunning } from '../support/running-keepsake.ts';
import {
  killSqliteProgram,
  makeDatabase,
  openSession,
  startSqliteProgram,
} from '../support/sqlite-session.ts';

/** Does not wait between attempts. */
const hastyClock: Clock = {
  ...systemClock,
  sleep: (durationMs, options) =>
    systemClock.sleep([500, 1000, 1500].includes(durationMs) ? 1 : durationMs, options),
};

function largeDatabase(lab: CaptureLab, journalMode: string): void {
  makeDatabase(
    lab.path(),
    `PRAGMA journal_mode = ${journalMode}; CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(60000000))`,
  );
}

test('a database that stays locked is told after the busy limit, and nothing is left', async () => {
  await using lab = await openLab();
  await using _ = await openSession(lab.path(), 'CREATE TABLE t(a); BEGIN EXCLUSIVE');
  const startedMs = performance.now();
  await expect(lab.capture({ busyLimitMs: 600 })).rejects.toMatchObject({
    code: 'DATABASE_LOCKED',
    details: { path: lab.path() },
  });
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(600);
  expect(lab.leftovers()).toEqual([]);
});

test('a lock that ends within the busy limit is waited for', async () => {
  await using gate = openGate();
  await using lab = await openLab(gate);
  await using app = await openSession(lab.path(), 'CREATE TABLE t(a)');
  await using _gateRuns = await lab.capture(); // so that no start of it takes of the time below
  await app.exec('BEGIN EXCLUSIVE; INSERT INTO t VALUES (1)');
  const [captured] = await Promise.all([lab.capture(), sleep(2500).then(() => app.exec('COMMIT'))]);
  await using _ = captured;
  expect(captured.facts.tables[0]?.rowCount).toBe(1);
  expect(captured.attempts).toBeGreaterThan(1);
});

test('an app in exclusive WAL mode, which has no -shm, is captured while it rests', async () => {
  await using lab = await openLab();
  await using _ = await openSession(
    lab.path(),
    `PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
     CREATE TABLE t(a); INSERT INTO t VALUES (1)`,
  );
  expect(readdirSync(lab.source)).toEqual(['app.db', 'app.db-wal']);
  await using captured = await lab.capture();
  expect(captured).toMatchObject({ method: 'raw-crashed' });
  expect(captured.facts.tables[0]?.rowCount).toBe(1);
});

test.each(['WAL', 'DELETE'])(
  'a %s database too large for the lock limit is given more time at last, with a warning',
  async (journalMode) => {
    await using lab = await openLab();
    largeDatabase(lab, journalMode);
    await using app = await openSession(lab.path(), 'SELECT * FROM t');
    await using captured = await lab.capture({ lockLimitMs: 1, clock: hastyClock });
    expect(captured.attempts).toBe(4);
    expect(captured.readLockMs).toBeGreaterThan(1);
    expect(captured.warnings.map(({ code }) => code)).toEqual(['long-read-lock']);
    expect(captured.facts.integrity.result).toBe('ok');
    await app.exec('INSERT INTO t VALUES (1)');
  },
);

test('a database too large even for the last resort is told with the key to raise', async () => {
  await using lab = await openLab();
  largeDatabase(lab, 'DELETE');
  const lastResort = { walMs: 2, rollbackMs: 2 };
  const failed = lab.capture({ lockLimitMs: 1, lastResort, clock: hastyClock });
  await expect(failed).rejects.toMatchObject({
    code: 'DATABASE_LOCK_LIMIT',
    details: { path: lab.path(), limitMs: 2, attempts: 4 },
    hint: expect.stringContaining('capture.lock-limit') as string,
  });
  expect(lab.leftovers()).toEqual([]);
  // The app can write: no lock has stayed behind.
  await using app = await openSession(lab.path());
  await app.exec('PRAGMA busy_timeout = 0; INSERT INTO t VALUES (1)');
});

test('an abort ends a capture at once with its reason, and nothing is left', async () => {
  await using lab = await openLab();
  await using _ = await openSession(lab.path(), 'CREATE TABLE t(a); BEGIN EXCLUSIVE');
  const abort = new AbortController();
  const captured = lab.capture({ signal: abort.signal });
  void sleep(300).then(() => abort.abort(new Error('Ctrl-C')));
  const startedMs = performance.now();
  await expect(captured).rejects.toThrow('Ctrl-C');
  expect(performance.now() - startedMs).toBeLessThan(1500);
  expect(lab.leftovers()).toEqual([]);
});

test('a gate process that is killed is told, and nothing is left', async () => {
  await using gate = openGate();
  await using lab = await openLab(gate);
  await using _ = await openSession(lab.path(), 'CREATE TABLE t(a); BEGIN EXCLUSIVE');
  const captured = lab.capture();
  void sleep(300).then(() => process.kill(gate.processId ?? 0, 'SIGKILL'));
  await expect(captured).rejects.toMatchObject({
    code: 'CAPTURE_GATE_DIED',
    details: { path: lab.path(), how: 'killed by SIGKILL' },
  });
  expect(lab.leftovers()).toEqual([]);
});

test('the gate process ends when its parent is killed', async () => {
  await using lab = await openLab();
  await using _ = await openSession(lab.path(), 'CREATE TABLE t(a); BEGIN EXCLUSIVE');
  const parent = await startSqliteProgram('sqlite-gate-parent-main', [lab.path(), lab.scratch]);
  const gateProcesses = descendantsOf(parent.pid ?? 0);
  expect(gateProcesses).toMatchObject([{ argv: expect.stringContaining('gate-main') as string }]);
  await killSqliteProgram(parent);
  // It waits for the lock for up to a second before it notices.
  const allEnded = () => expect(gateProcesses.filter(isRunning)).toEqual([]);
  await vi.waitFor(allEnded, { timeout: 3000, interval: 50 });
});

/** Finds out only by writing that there is no room. */
class HopefulScratchImage extends ScratchImage {
  override async assertSpace(): Promise<void> {}
}

test.skipIf(!requireRoot()).each(['WAL', 'DELETE'])(
  'a disk that fills up in the middle of a %s copy is told as such, and nothing is left',
  async (journalMode) => {
    await using lab = await openLab();
    largeDatabase(lab, journalMode);
    const folder = `${lab.scratch}/capture-x`;
    await runProgramOk(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'none', lab.scratch]);
    try {
      await mkdir(folder);
      await using image = new HopefulScratchImage(lab.scratch, folder);
      await using gate = openGate();
      const taken = takeImage({ path: lab.path(), image, gate, clock: systemClock });
      await expect(taken).rejects.toMatchObject({ code: 'SCRATCH_FULL' });
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      await runProgramOk(['umount', lab.scratch]);
    }
  },
);
