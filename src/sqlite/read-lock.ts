/** Runs in the gate process: the read transaction under which a live database is copied. */
import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../base/clock.ts';
import { encodeRawName, fsPath } from '../base/raw-name.ts';
import { keepingOwners } from './file-owner.ts';
import { SqliteCode, sqliteUri, type LockRequest } from './gate-protocol.ts';

/** The parent measures the limit; the gate only ends itself if the parent does not. */
const PARENT_GRACE_MS = 500;

/** As if SQLite had refused to open it. */
class NotToBeOpenedError extends Error {
  readonly errcode = SqliteCode.cannotOpen;
}

/** Held from its construction on. */
export class ReadLock {
  readonly database: DatabaseSync;
  readonly #startedMs: number;
  readonly #done = new AbortController();

  constructor(request: LockRequest) {
    assertHarmlessToOpen(request);
    this.database = keepingOwners(request.source, () => beginReading(request));
    this.#startedMs = systemClock.monotonicMs();
    void endSelfAfter(request.lockLimitMs + PARENT_GRACE_MS, this.#done.signal);
  }

  /** Ends the transaction; returns for how long it was held. */
  release(): number {
    try {
      this.database.exec('COMMIT');
      return systemClock.monotonicMs() - this.#startedMs;
    } finally {
      this.close();
    }
  }

  close(): void {
    this.#done.abort();
    if (this.database.isOpen) this.database.close();
  }
}

/**
 * Even a read-only open deletes the WAL beside an empty main file (pager.c pagerOpenWalIfPresent),
 * and creates one where the app has just removed it (wal.c sqlite3WalOpen).
 */
function assertHarmlessToOpen({ source, needsShm }: LockRequest): void {
  const main = statSync(fsPath(source), { throwIfNoEntry: false });
  const isEmpty = main === undefined || main.size === 0;
  if (isEmpty || (needsShm && !existsSync(fsPath(`${source}-shm`)))) {
    throw new NotToBeOpenedError('the app has just stopped, or its database was emptied');
  }
}

/**
 * `readonly_shm=1` makes SQLite open `-shm` read-only: beside a running app it takes the usual
 * shared locks there, beside a dead one it reads the WAL into memory, and in neither case is the
 * file written or created (os_unix.c unixLockSharedMemory, wal.c walBeginShmUnreliable).
 */
function beginReading({ source, busyTimeoutMs }: LockRequest): DatabaseSync {
  const uri = sqliteUri(encodeRawName(source), 'mode=ro&readonly_shm=1');
  const database = new DatabaseSync(uri, { readOnly: true, timeout: busyTimeoutMs });
  try {
    database.exec('BEGIN');
    // BEGIN alone takes no lock.
    database.prepare('SELECT 1 FROM sqlite_schema').get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A step of `backup()` cannot be cancelled: only the end of the process ends it. */
async function endSelfAfter(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await systemClock.sleep(durationMs, { signal });
  } catch {
    return; // released in time
  }
  process.kill(process.pid, 'SIGKILL');
}
