/** Runs in the gate process: copies a live database under a read lock. */
import { existsSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { systemClock } from '../base/clock.ts';
import { encodeRawName, fsPath } from '../base/raw-name.ts';
import { SqliteCode, sqliteUri, type CopyRequest } from './gate-protocol.ts';

const ALL_PAGES_IN_ONE_STEP = 2_147_483_647;
/** The parent measures the limit; the gate only ends itself if the parent does not. */
const PARENT_GRACE_MS = 500;

/** As if SQLite had said it. */
class AppStoppedError extends Error {
  readonly errcode = SqliteCode.cannotOpen;
}

/**
 * Copies `source` to `image` inside one read transaction and returns for how long it was held.
 *
 * The explicit transaction keeps `backup()` from starting anew at each commit of the app, and one
 * step needs no progress call. `readonly_shm=1` makes SQLite open `-shm` read-only: of a running
 * app it takes the usual shared locks there, beside a dead one it reads the WAL into memory, and in
 * neither case is the file written or created (os_unix.c unixLockSharedMemory, wal.c
 * walBeginShmUnreliable).
 */
export async function copyLocked(request: CopyRequest, onLocked: () => void): Promise<number> {
  if (request.needsShm && !existsSync(fsPath(`${request.source}-shm`))) throw new AppStoppedError();
  const uri = sqliteUri(encodeRawName(request.source), 'mode=ro&readonly_shm=1');
  const database = new DatabaseSync(uri, { readOnly: true, timeout: request.busyTimeoutMs });
  try {
    database.exec('BEGIN');
    // BEGIN alone takes no lock.
    database.prepare('SELECT 1 FROM sqlite_schema').get();
    return await copyInTransaction(database, request, onLocked);
  } finally {
    database.close();
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
