import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { BackupResult } from '../../src/operations/backup-input.ts';
import { captureDatabase } from '../../src/sqlite/capture.ts';
import { readReferences } from '../../src/sqlite/inspect.ts';
import {
  openBackupLab,
  readSnapshotFiles,
  writeFiles,
  type BackupLab,
} from '../support/backup-lab.ts';
import { killSqliteProgram, startSqliteProgram } from '../support/sqlite-session.ts';
import { checkWishlist, type WishlistState } from '../support/wishlist-app/check-wishlist.ts';
import {
  startWishlistWriter,
  type WishlistWriter,
} from '../support/wishlist-app/start-wishlist-writer.ts';

const BACKUPS = Number(process.env['KEEPSAKE_SOAK_BACKUPS'] ?? 40);
const SEED = Number(process.env['KEEPSAKE_SOAK_SEED'] ?? 1);
const PLENTY_OF_TIME_MS = 60_000 + BACKUPS * 10_000;
const OPS_PER_SECOND = 80;

type JournalMode = 'wal' | 'delete';

interface BusyApp extends AsyncDisposable {
  readonly writer: WishlistWriter;
}

/** The app at work, and in WAL mode a process that checkpoints at random. */
async function startApp(lab: BackupLab, journalMode: JournalMode): Promise<BusyApp> {
  const { root, database } = lab.app;
  const options = { opsPerSecond: OPS_PER_SECOND, seed: SEED, hostile: true };
  const writer = await startWishlistWriter(root, options);
  const checkpointer =
    journalMode === 'wal'
      ? await startSqliteProgram('sqlite-checkpointer-main', [database, String(SEED)])
      : undefined;
  return {
    writer,
    async [Symbol.asyncDispose]() {
      if (checkpointer !== undefined) await killSqliteProgram(checkpointer);
      await writer[Symbol.asyncDispose]();
    },
  };
}

/**
 * Judges a snapshot by its content alone: the database, and each picture a row names. A picture
 * that no row names yet may be half written, as it is in the app at that moment.
 */
async function judge(lab: BackupLab, { snapshotId = '' }: BackupResult): Promise<WishlistState> {
  const repository = await lab.open();
  const { tree } = await repository.loadSnapshot(snapshotId);
  const files = await readSnapshotFiles(repository, { tree, folder: lab.app.root });
  const target = lab.join('judged');
  try {
    mkdirSync(join(target, 'uploads'), { recursive: true });
    writeFiles(target, files);
    expect(readdirSync(join(target, 'data'))).toEqual(['prod.db']);
    return checkWishlist(target);
  } finally {
    rmSync(target, { recursive: true });
  }
}

test.each(['wal', 'delete'] as const)(
  `each backup of a busy app (%s) is one state of it, with every file its rows name, whole (${BACKUPS})`,
  async (journalMode) => {
    await using lab = await openBackupLab({ app: { journalMode } });
    await using app = await startApp(lab, journalMode);
    const statesSeen = new Set<number>();
    for (let done = 0; done < BACKUPS; done += 1) {
      const told = app.writer.commits();
      const result = await lab.backup();
      const { problems, commits } = await judge(lab, result);
      expect({ done, problems }).toEqual({ done, problems: [] });
      expect(commits).toBeGreaterThanOrEqual(told);
      expect(commits).toBeLessThanOrEqual(app.writer.commits() + 1);
      expect(result.manifest.references.map(({ missingCount }) => missingCount)).toEqual([0, 0]);
      expect(result.outcome).toBe('ok');
      statesSeen.add(commits);
    }
    expect(statesSeen.size).toBe(BACKUPS);
    expect(readdirSync(lab.scratch)).toEqual([]);
    await app.writer.stop();
    expect(checkWishlist(lab.app.root).problems).toEqual([]);
  },
  PLENTY_OF_TIME_MS,
);

/** The local pictures that the rows of one captured state name. */
async function namesInRows(lab: BackupLab): Promise<string[]> {
  const { gate } = lab;
  await using captured = await captureDatabase({
    path: lab.app.database,
    scratchFolder: lab.join('.'),
    configured: true,
    clock: systemClock,
    gate,
  });
  const wanted = [{ table: 'items', column: 'imageUrl' }];
  const values = readReferences(captured.imagePath, wanted, { gate });
  return (await Array.fromAsync(values)).filter((value) => !URL.canParse(value));
}

test('simpler orders lose files of this app: database then files, and files then database', async () => {
  await using lab = await openBackupLab();
  await using _ = await startApp(lab, 'wal');
  const lost = { databaseFirst: 0, filesFirst: 0 };
  const listPictures = () => new Set(readdirSync(lab.app.uploads));
  for (let done = 0; done < 10; done += 1) {
    const before = listPictures();
    await sleep(100); // as long as reading a few hundred files takes
    const names = await namesInRows(lab);
    await sleep(100);
    const after = listPictures();
    lost.filesFirst += names.filter((name) => !before.has(name)).length;
    lost.databaseFirst += names.filter((name) => !after.has(name)).length;
  }
  expect(lost.databaseFirst).toBeGreaterThan(0);
  expect(lost.filesFirst).toBeGreaterThan(0);
});
