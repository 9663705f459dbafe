/** What a person should know about a capture that succeeded all the same. */
import type { DatabaseHeader } from './database-file.ts';
import { formatSqliteVersion } from './database-file.ts';

export interface CaptureWarning {
  readonly code: 'wal-reset-bug' | 'long-read-lock' | 'app-was-killed';
  readonly message: string;
}

/**
 * SQLite 3.7.0–3.51.2 can lose a commit when two connections write or checkpoint a WAL at one
 * instant; fixed in 3.51.3, 3.50.7 and 3.44.6.
 * Source: https://www.sqlite.org/wal.html#the_wal_reset_bug.
 */
export function hasWalResetBug(versionNumber: number): boolean {
  if (versionNumber < 3_007_000 || versionNumber >= 3_051_003) return false;
  const fixedBranch50 = versionNumber >= 3_050_007 && versionNumber < 3_051_000;
  const fixedBranch44 = versionNumber >= 3_044_006 && versionNumber < 3_045_000;
  return !fixedBranch50 && !fixedBranch44;
}

export function walResetWarning(header: DatabaseHeader | undefined): CaptureWarning[] {
  if (header === undefined || !header.walMode || !hasWalResetBug(header.versionNumber)) return [];
  const version = formatSqliteVersion(header.versionNumber);
  return [
    {
      code: 'wal-reset-bug',
      message: `the app's SQLite ${version} can lose commits in WAL mode when two connections write or checkpoint at the same instant; update the app to SQLite 3.51.3 or later`,
    },
  ];
}

export function longLockWarning(readLockMs: number, walMode: boolean): CaptureWarning {
  const seconds = (readLockMs / 1000).toFixed(1);
  const effect = walMode
    ? 'its -wal file could not be reset meanwhile and may have grown'
    : "the app's writes had to wait meanwhile";
  return {
    code: 'long-read-lock',
    message: `the database was held for reading for ${seconds} s: ${effect}`,
  };
}

export const appWasKilledWarning: CaptureWarning = {
  code: 'app-was-killed',
  message:
    'the app was killed in the middle of a write; its unfinished transaction was rolled back in the copy, the files of the app are as it left them',
};
