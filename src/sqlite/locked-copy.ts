/** Runs in the gate process: copies a live database under a read lock. */
import { backup } from 'node:sqlite';
import { fsPath } from '../base/raw-name.ts';
import type { CopyRequest } from './gate-protocol.ts';
import { ReadLock } from './read-lock.ts';

const ALL_PAGES_IN_ONE_STEP = 2_147_483_647;

/**
 * Copies `source` to `image` in one read transaction; returns for how long that was held. The
 * explicit transaction keeps `backup()` from starting anew at each commit of the app.
 */
export async function copyLocked(request: CopyRequest, onLocked: () => void): Promise<number> {
  const lock = new ReadLock(request);
  try {
    onLocked();
    await backup(lock.database, fsPath(request.image), { rate: ALL_PAGES_IN_ONE_STEP });
    return lock.release();
  } finally {
    lock.close();
  }
}
