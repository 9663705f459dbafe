/** Raw reading below the check of the finished image, which would only hide what it does wrong. */
import { readFileSync } from 'node:fs';
import { copyFile, open, rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { openGate, type Gate } from '../../src/sqlite/gate.ts';
import { createScratchImage } from '../../src/sqlite/scratch-image.ts';
import type { RawStage } from '../../src/sqlite/raw-image.ts';
import { takeImage, type ImageTaken } from '../../src/sqlite/take-image.ts';
import { comparable } from '../support/comparable-image.ts';
import { openLab, type CaptureLab } from '../support/capture-lab.ts';
import { startBank } from '../support/sqlite-bank-app.ts';
import { examineBank } from '../support/sqlite-bank.ts';
import { openSession, type SqliteSession } from '../support/sqlite-session.ts';
import { readRows } from '../support/sqlite-rows.ts';
import { SeededRandom } from '../support/wishlist-app/seeded-random.ts';

const CAPTURES = Number(process.env['KEEPSAKE_SOAK_CAPTURES'] ?? 200);
const SEED = Number(process.env['KEEPSAKE_SOAK_SEED'] ?? 1);
const PLENTY_OF_TIME_MS = 60_000 + CAPTURES * 300;

const gate = openGate();
afterAll(() => gate[Symbol.asyncDispose]());

type AtStage = (stage: RawStage) => Promise<void>;

async function takeRaw<T>(
  { lab, gate, atStage }: { lab: CaptureLab; gate: Gate; atStage?: AtStage },
  look: (imagePath: string, taken: ImageTaken) => T,
): Promise<T> {
  await using image = await createScratchImage(lab.scratch);
  const taken = await takeImage({ path: lab.path(), image, gate, clock: systemClock, atStage });
  return look(image.path, taken);
}

test.each(['wal', 'delete'] as const)(
  'raw images of a busy %s database are committed states, read fast or slowly',
  async (journalMode) => {
    await using lab = await openLab(gate);
    await using app = await startBank({
      database: lab.path(),
      journalMode,
      progressFile: lab.outside('progress'),
      seed: SEED,
      checkpointer: journalMode === 'wal',
    });
    const random = new SeededRandom(SEED);
    let raw = 0;
    for (let done = 0; done < CAPTURES; done += 1) {
      const acknowledged = await app.committed();
      const isSlow = random.chance(0.3);
      const atStage = isSlow ? () => sleep(random.below(25)) : () => Promise.resolve();
      await takeRaw({ lab, gate, atStage }, (path, { method }) => {
        const { problems, commits } = examineBank(path);
        expect(problems).toEqual([]);
        expect(commits).toBeGreaterThanOrEqual(acknowledged);
        if (method === 'raw') raw += 1;
      });
    }
    expect(raw).toBeGreaterThan(CAPTURES / 2);
  },
  PLENTY_OF_TIME_MS,
);

const ROWS = 60;
const FILL = `CREATE TABLE t(id INTEGER PRIMARY KEY, a); CREATE TABLE u(id INTEGER PRIMARY KEY, a);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
    INSERT INTO t SELECT i, zeroblob(3000) FROM n;
  INSERT INTO u SELECT id, zeroblob(3000) FROM t`;

/** A WAL database whose log is all in the main file, and not started anew. */
async function openBackfilled(lab: CaptureLab): Promise<SqliteSession> {
  const session = await openSession(lab.path(), `PRAGMA journal_mode = WAL; ${FILL}`);
  await session.exec(
    'UPDATE t SET a = randomblob(3000) WHERE id <= 20; PRAGMA wal_checkpoint(FULL)',
  );
  return session;
}

/** Does `work` the first time reading comes to `stage`. */
function onceAt(stage: RawStage, work: () => Promise<void>): AtStage {
  let isDone = false;
  return async (now) => {
    if (isDone || now !== stage) return;
    isDone = true;
    await work();
  };
}

test.each(['log-scanned', 'main-read'] as const)(
  'a log that starts anew after it was scanned is noticed, and all is read again (%s)',
  async (stage) => {
    await using lab = await openLab(gate);
    await using session = await openBackfilled(lab);
    // In place: no size changes, only the frames stand for other pages now.
    const update = 'UPDATE u SET a = randomblob(3000) WHERE id <= 40';
    const atStage = onceAt(stage, () => session.exec(update));
    await takeRaw({ lab, gate, atStage }, (path, taken) => {
      expect(taken).toMatchObject({ method: 'raw', attempts: 2 });
      expect(readRows(path, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
      expect(readRows(path, 'SELECT count(*) AS n FROM u WHERE a <> zeroblob(3000)')).toEqual([
        { n: 40 },
      ]);
    });
  },
);

test.each([512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536])(
  'a raw image equals SQLite’s own backup byte for byte, with pages of %i bytes',
  async (pageSize) => {
    for (const journalMode of ['WAL', 'DELETE']) {
      await using lab = await openLab(gate);
      await using _ = await openSession(
        lab.path(),
        `PRAGMA page_size = ${pageSize}; PRAGMA journal_mode = ${journalMode}; ${FILL};
         PRAGMA wal_checkpoint(TRUNCATE); DELETE FROM u WHERE id % 3 = 0; INSERT INTO t SELECT id + 900, a FROM t;
         UPDATE t SET a = randomblob(5000) WHERE id % 7 = 0`,
      );
      await using raw = await lab.capture();
      await using copied = await lab.capture({ method: 'backup' });
      expect([raw.method, copied.method]).toEqual(['raw', 'backup']);
      const images = [raw, copied].map(({ imagePath }) => comparable(readFileSync(imagePath)));
      expect(images[0]?.equals(images[1] ?? Buffer.of())).toBe(true);
      expect(raw.facts).toEqual(copied.facts);
    }
  },
);

test('frames of a transaction that is not committed are left out, though they are in the log', async () => {
  await using lab = await openLab(gate);
  await using session = await openSession(
    lab.path(),
    `PRAGMA journal_mode = WAL; PRAGMA cache_size = 5; ${FILL};
     BEGIN; UPDATE t SET a = randomblob(3000); INSERT INTO u SELECT id + 1000, a FROM t`,
  );
  await takeRaw({ lab, gate }, (path, { method }) => {
    expect(method).toBe('raw');
    const changed = 'SELECT count(*) AS n FROM t WHERE a <> zeroblob(3000)';
    expect(readRows(path, changed)).toEqual([{ n: 0 }]);
    expect(readRows(path, 'SELECT count(*) AS n FROM u')).toEqual([{ n: ROWS }]);
  });
  await session.exec('COMMIT');
});

test('frames of an older log that lie behind the last commit are left out', async () => {
  await using lab = await openLab(gate);
  await using session = await openBackfilled(lab);
  await session.exec('UPDATE t SET a = zeroblob(3000) WHERE id = 7');
  await takeRaw({ lab, gate }, (path) => {
    expect(readRows(path, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    const same = 'SELECT count(*) AS n FROM t WHERE a = zeroblob(3000)';
    expect(readRows(path, same)).toEqual([{ n: ROWS - 19 }]);
  });
});

test('a database that shrinks in its log is read in its new size', async () => {
  await using lab = await openLab(gate);
  await using session = await openSession(lab.path(), `PRAGMA journal_mode = WAL; ${FILL}`);
  await session.exec('PRAGMA wal_checkpoint(TRUNCATE); DROP TABLE t; VACUUM');
  await takeRaw({ lab, gate }, (path, { method }) => {
    expect(method).toBe('raw');
    expect(readRows(path, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(readRows(path, 'SELECT count(*) AS n FROM u')).toEqual([{ n: ROWS }]);
  });
});

/** Puts a copy in the place of a file. */
async function replaceFile(lab: CaptureLab, path: string): Promise<void> {
  await copyFile(path, lab.outside('copy'));
  await rename(lab.outside('copy'), path);
}

test.each(['', '-wal'])(
  'another file at the path of the database%s is noticed, and all is read again',
  async (ending) => {
    await using lab = await openLab(gate);
    await using _ = await openBackfilled(lab);
    const atStage = onceAt('main-read', () => replaceFile(lab, lab.path() + ending));
    await takeRaw({ lab, gate, atStage }, (_image, { method, attempts }) => {
      expect({ method, attempts }).toEqual({ method: 'raw', attempts: 2 });
    });
  },
);

test('reading that remains in doubt is left to the backup of SQLite', async () => {
  await using lab = await openLab(gate);
  await using _ = await openBackfilled(lab);
  const atStage = async (stage: RawStage) => {
    if (stage === 'main-read') await replaceFile(lab, lab.path('app.db-wal'));
  };
  await takeRaw({ lab, gate, atStage }, (path, { method, attempts }) => {
    expect({ method, attempts }).toEqual({ method: 'backup', attempts: 5 });
    expect(readRows(path, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  });
});

test('a log with a damaged frame before its last commit is not read as an older one', async () => {
  await using lab = await openLab(gate);
  await using _ = await openBackfilled(lab);
  await using log = await open(lab.path('app.db-wal'), 'r+');
  await log.write(Uint8Array.of(0xff, 0xff), 0, 2, 32 + 3 * (24 + 4096) + 2000);
  await takeRaw({ lab, gate }, (path, { method, attempts }) => {
    expect({ method, attempts }).toEqual({ method: 'backup', attempts: 5 });
    const changed = 'SELECT count(*) AS n FROM t WHERE a <> zeroblob(3000)';
    expect(readRows(path, changed)).toEqual([{ n: 20 }]);
  });
});

test('the end of the gate in the middle of reading is the end of the capture', async () => {
  await using own = openGate();
  await using lab = await openLab(own);
  await using _ = await openBackfilled(lab);
  const atStage = onceAt('main-read', () => {
    process.kill(own.processId ?? 0, 'SIGKILL');
    return sleep(50);
  });
  await expect(takeRaw({ lab, gate: own, atStage }, () => {})).rejects.toMatchObject({
    code: 'CAPTURE_GATE_DIED',
  });
  expect(lab.leftovers()).toEqual([]);
});
