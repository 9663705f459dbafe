/** Runs in the gate process: writes an image over a database that its app goes on using. */
import { backup, DatabaseSync } from 'node:sqlite';
import { encodeRawName, fsPath } from '../base/raw-name.ts';
import { sqliteUri, type OverwriteRequest } from './gate-protocol.ts';

const ALL_PAGES_IN_ONE_STEP = 2_147_483_647;

/**
 * One write transaction of SQLite's own on the target: the app sees all of it at once or, should
 * this process be killed, nothing. While the app holds the lock `backup()` tries again and again.
 */
export async function overwriteLive({ image, target }: OverwriteRequest): Promise<void> {
  const source = new DatabaseSync(sqliteUri(encodeRawName(image), 'immutable=1'), {
    readOnly: true,
  });
  try {
    await backup(source, fsPath(target), { rate: ALL_PAGES_IN_ONE_STEP });
  } finally {
    source.close();
  }
}
