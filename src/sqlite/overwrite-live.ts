/** Runs in the gate process: writes an image over a database that its app goes on using. */
import { backup, DatabaseSync } from 'node:sqlite';
import { systemClock } from '../base/clock.ts';
import { encodeRawName, fsPath } from '../base/raw-name.ts';
import { primaryCode, SqliteCode, sqliteUri, type OverwriteRequest } from './gate-protocol.ts';
import { sqliteCodeOf } from './image-checks.ts';

const ALL_PAGES_IN_ONE_STEP = 2_147_483_647;
const PAUSE_MS = 5;
/** Node 24 tells a locked target of `backup()` by the code 0, "not an error". */
const LOCKED: readonly number[] = [0, SqliteCode.busy, SqliteCode.locked];

/**
 * One write transaction of SQLite's own on the target: the app sees all of it at once or, should
 * this process be killed, nothing. While the app holds the lock it is tried again and again.
 */
export async function overwriteLive(request: OverwriteRequest): Promise<'written' | 'busy'> {
  const { image, target, waitMs } = request;
  const startedMs = systemClock.monotonicMs();
  const source = new DatabaseSync(sqliteUri(encodeRawName(image), 'immutable=1'), {
    readOnly: true,
  });
  try {
    while (!(await tryBackup(source, target))) {
      if (systemClock.monotonicMs() - startedMs > waitMs) return 'busy';
      await systemClock.sleep(PAUSE_MS);
    }
    return 'written';
  } finally {
    source.close();
  }
}

async function tryBackup(source: DatabaseSync, target: string): Promise<boolean> {
  try {
    await backup(source, fsPath(target), { rate: ALL_PAGES_IN_ONE_STEP });
    return true;
  } catch (error) {
    const code = sqliteCodeOf(error);
    if (code !== undefined && LOCKED.includes(primaryCode(code))) return false;
    throw error;
  }
}
