/**
 * A database that an app opens and closes again and again, as a job run by a timer does. In between
 * it lies there whole, and may be copied while the index is read; but the app may come back any
 * moment, and then the copy is of the past.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { BackupResult } from '../../src/operations/backup-input.ts';
import {
  openBackupLab,
  readSnapshotFiles,
  writeFiles,
  type BackupLab,
} from '../support/backup-lab.ts';
import { BusyBackend } from '../support/busy-backend.ts';
import { examineBank } from '../support/sqlite-bank.ts';
import { startBank } from '../support/sqlite-bank-app.ts';
import { watchCopies } from '../support/watched-copies.ts';
import { SeededRandom } from '../support/wishlist-app/seeded-random.ts';

const BACKUPS = Number(process.env['KEEPSAKE_SOAK_BACKUPS'] ?? 20);
const SEED = Number(process.env['KEEPSAKE_SOAK_SEED'] ?? 1);
const PLENTY_OF_TIME_MS = 60_000 + BACKUPS * 10_000;
/** An app that dies leaves its WAL behind, which the next one reads. */
const DIES = 0.15;
const LONG_PAUSE = 0.4;

/** Comes and goes until it is stopped; counts commits that certainly happened. */
class Visits implements AsyncDisposable {
  readonly #database: string;
  readonly #progressFile: string;
  readonly #random = new SeededRandom(SEED);
  readonly #going: Promise<void>;
  #isOver = false;
  #told = 0;
  #asked: (() => Promise<number>) | undefined;

  constructor(database: string, progressFile: string) {
    this.#database = database;
    this.#progressFile = progressFile;
    this.#going = this.#comeAndGo();
    this.#going.catch(() => {}); // told when it is disposed of
  }

  async committed(): Promise<number> {
    this.#told = Math.max(this.#told, (await this.#asked?.()) ?? 0);
    return this.#told;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#going;
  }

  async #comeAndGo(): Promise<void> {
    const [database, progressFile, random] = [this.#database, this.#progressFile, this.#random];
    for (let visit = 0; !this.#isOver; visit += 1) {
      const seed = SEED * 100_000 + visit;
      await using app = await startBank({ database, journalMode: 'wal', progressFile, seed });
      this.#asked = () => app.committed();
      await sleep(20 + random.below(80));
      await (random.chance(DIES) ? app.kill() : app.stop());
      await this.committed();
      await sleep(random.below(random.chance(LONG_PAUSE) ? 800 : 150));
    }
  }
}

function judge(lab: BackupLab, database: string) {
  return async ({ snapshotId = '' }: BackupResult) => {
    const repository = await lab.open();
    const { tree } = await repository.loadSnapshot(snapshotId);
    const files = await readSnapshotFiles(repository, { tree, folder: lab.app.root });
    const target = lab.join('judged');
    try {
      writeFiles(target, files);
      return examineBank(join(target, database));
    } finally {
      rmSync(target, { recursive: true });
    }
  };
}

test(
  `each backup of a database that comes and goes is one state of it, not an old one (${BACKUPS})`,
  async () => {
    await using lab = await openBackupLab({ app: { items: 5 } });
    const folder = join(lab.app.root, 'jobs');
    mkdirSync(folder);
    const judged = judge(lab, 'jobs/bank.db');
    const copies = watchCopies();
    await using visits = new Visits(join(folder, 'bank.db'), lab.join('progress'));
    await expect.poll(() => visits.committed()).toBeGreaterThan(0);
    const pause = new SeededRandom(SEED);
    const statesSeen = new Set<number>();
    for (let done = 0; done < BACKUPS; done += 1) {
      let told = 0;
      // The index takes its time, and what was committed until it is read belongs to the backup.
      const slow = new BusyBackend(lab.repositoryLab.backend, async () => {
        await sleep(pause.below(400));
        told = await visits.committed();
      });
      const result = await lab.backup({ backend: slow });
      const latest = (await visits.committed()) + 1; // one that was not told of yet
      const { problems, commits } = await judged(result);
      expect({ done, problems, outcome: result.outcome }).toEqual({
        done,
        problems: [],
        outcome: 'ok',
      });
      expect(commits).toBeGreaterThanOrEqual(told);
      expect(commits).toBeLessThanOrEqual(latest);
      statesSeen.add(commits);
    }
    expect(statesSeen.size).toBeGreaterThan(BACKUPS / 4);
    const used = (await copies.used()).filter(Boolean).length;
    expect(used).toBeGreaterThan(0);
    expect(copies.begun().length).toBeGreaterThan(used); // the others were of the past
    expect(readdirSync(lab.scratch)).toEqual([]);
  },
  PLENTY_OF_TIME_MS,
);
