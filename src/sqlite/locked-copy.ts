/** Runs in the gate process: copies a live database under a read lock. */
import { existsSync, statSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { systemClock } from '../base/clock.ts';
import { encodeRawName, fsPath } from '../base/raw-name.ts';
import { keepingOwners } from './file-owner.ts';
import { SqliteCode, sqliteUri, type CopyRequest } from './gate-protocol.ts';

const ALL_PAGES_IN_ONE_STEP = 2_147_483_647;
/** The parent measures the limit; the gate only ends itself if the parent does not. */
const PARENT_GRACE_MS = 500;

/** As if SQLite had refused to open it. */
class NotToBeOpenedError extends Error {
  readonly errcode = SqliteCode.cannotOpen;
}

/** Copies `source` to `image` in one read transaction; returns for how long that was held. */
export async function copyLocked(request: CopyRequest, onLocked: () => void): Promise<number> {
  assertHarmlessToOpen(request);
  const database = keepingOwners(request.source, () => beginReading(request));
  try {
    return await copyInTransaction(database, request, onLocked);
  } finally {
    database.close();
  }
}

/**
 * Even a read-only open deletes the WAL beside an empty main file (pager.c pagerOpenWalIfPresent),
 * and creates one where the app has just removed it (wal.c sqlite3WalOpen).
 */
function assertHarmlessToOpen({ source, needsShm }: CopyRequest): void {
  const main = statSync(fsPath(source), { throwIfNoEntry: false });
  const isEmpty = main === undefined || main.size === 0;
  if (isEmpty || (needsShm && !existsSync(fsPath(`${source}-shm`)))) {
    throw new NotToBeOpenedError('the app has just stopped, or its database was emptied');
  }
}

/**
 * The explicit transaction keeps `backup()` from starting anew at each commit of the app.
 *
 * `readonly_shm=1` makes SQLite open `-shm` read-only: beside a running app it takes the usual
 * shared locks there, beside a dead one it reads the WAL into memory, and in neither case is the
 * file written or created (os_unix.c unixLockSharedMemory, wal.c walBeginShmUnreliable).
 */
function beginReading({ source, busyTimeoutMs }: CopyRequest): DatabaseSync {
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

async function copyInTransaction(
  database: DatabaseSync,
  { image, lockLimitMs }: CopyRequest,
  onLocked: () => void,
): Promise<number> {
  const startedMs = systemClock.monotonicMs();
  onLocked();
  const done = new AbortController();
  void endSelfAfter(lockLimitMs + PARENT_GRACE_MS, done.signal);
  try {
    await backup(database, fsPath(image), { rate: ALL_PAGES_IN_ONE_STEP });
    database.exec('COMMIT');
    return systemClock.monotonicMs() - startedMs;
  } finally {
    done.abort();
  }
}

/** A step of `backup()` cannot be cancelled: only the end of the process ends it. */
async function endSelfAfter(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await systemClock.sleep(durationMs, { signal });
  } catch {
    return; // copied in time
  }
  process.kill(process.pid, 'SIGKILL');
}
