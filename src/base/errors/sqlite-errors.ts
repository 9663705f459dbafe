import { ExitCode } from '../exit-code.ts';
import { formatBytes } from '../bytes.ts';
import { entry } from './define-errors.ts';

const UNTOUCHED = 'Nothing was changed in the source, and nothing of this capture was kept.';

export const sqliteErrors = {
  DATABASE_MISSING: entry<{ path: string }>({
    exit: ExitCode.failed,
    message: ({ path }) => `the database ${path} does not exist`,
    hint: () =>
      `${UNTOUCHED} Correct the path of the database in the config, or start the app once so that it creates it.`,
    example: { path: '/opt/wishlist/data/prod.db' },
  }),
  DATABASE_EMPTY: entry<{ path: string }>({
    exit: ExitCode.failed,
    message: ({ path }) => `the database ${path} is an empty file`,
    hint: () =>
      `${UNTOUCHED} Apps create an empty file when their real database is missing: look for it before the app writes into this one.`,
    example: { path: '/opt/wishlist/data/prod.db' },
  }),
  DATABASE_NOT_SQLITE: entry<{ path: string; maybeEncrypted: boolean }>({
    exit: ExitCode.failed,
    message: ({ path, maybeEncrypted }) =>
      `${path} is not an SQLite database${maybeEncrypted ? ', or it is encrypted' : ''}`,
    hint: ({ maybeEncrypted }) =>
      maybeEncrypted
        ? `${UNTOUCHED} An encrypted database cannot be captured while its app runs: let the app write its own copy and list that under files.`
        : `${UNTOUCHED} List it under files if it is something else, else look at what replaced the database.`,
    example: { path: '/srv/app/data.db', maybeEncrypted: true },
  }),
  DATABASE_UNREADABLE: entry<{ path: string; reason: string }>({
    exit: ExitCode.failed,
    message: ({ path, reason }) => `the database ${path} cannot be read: ${reason}`,
    hint: () =>
      `${UNTOUCHED} Run Keepsake as root or as the user that owns the database and the files beside it.`,
    example: { path: '/opt/wishlist/data/prod.db', reason: 'permission denied' },
  }),
  DATABASE_NO_TABLES: entry<{ path: string }>({
    exit: ExitCode.failed,
    message: ({ path }) => `the database ${path} has no tables`,
    hint: () =>
      `${UNTOUCHED} The app has not set it up yet, or its real database is another file: check the path in the config.`,
    example: { path: '/opt/wishlist/data/prod.db' },
  }),
  DATABASE_LOCKED: entry<{ path: string; waitedMs: number }>({
    exit: ExitCode.failed,
    retry: 'later',
    message: ({ path, waitedMs }) =>
      `the database ${path} stayed locked by another program for ${seconds(waitedMs)}`,
    hint: () =>
      `${UNTOUCHED} The next run tries again. If it is locked all the time, the app uses exclusive locking: stop it for the backup, or turn that off.`,
    example: { path: '/opt/wishlist/data/prod.db', waitedMs: 10_000 },
  }),
  DATABASE_LOCK_LIMIT: entry<{ path: string; limitMs: number; attempts: number }>({
    exit: ExitCode.failed,
    retry: 'later',
    message: ({ path, limitMs, attempts }) =>
      `copying the database ${path} took longer than ${seconds(limitMs)}, for which the app would have had to wait (${attempts} attempts)`,
    hint: () =>
      `${UNTOUCHED} Put the scratch folder on a faster disk, or raise capture.lock-limit if the app may wait longer.`,
    example: { path: '/srv/app/data.db', limitMs: 4500, attempts: 4 },
  }),
  DATABASE_DAMAGED: entry<{ path: string; reason: string }>({
    exit: ExitCode.damage,
    message: ({ path, reason }) => `the database ${path} is damaged: ${reason}`,
    hint: () =>
      `${UNTOUCHED} Stop the app, keep its files, and restore the last good snapshot: keepsake snapshots lists them.`,
    example: { path: '/opt/wishlist/data/prod.db', reason: 'database disk image is malformed' },
  }),
  DATABASE_COLUMN_MISSING: entry<{ path: string; table: string; column: string }>({
    exit: ExitCode.failed,
    message: ({ path, table, column }) =>
      `the database ${path} has no column ${column} in a table ${table}`,
    hint: () =>
      'Nothing was changed. The app may have been updated: correct the references under files in the config.',
    example: { path: '/opt/wishlist/data/prod.db', table: 'items', column: 'imageUrl' },
  }),
  DATABASE_NETWORK_FILESYSTEM: entry<{ path: string; fileSystem: string }>({
    exit: ExitCode.failed,
    message: ({ path, fileSystem }) =>
      `the database ${path} lies on a network file system (${fileSystem}), where SQLite's locks cannot be trusted`,
    hint: () => `${UNTOUCHED} Run Keepsake on the host that holds the file.`,
    example: { path: '/mnt/nas/app/data.db', fileSystem: 'NFS' },
  }),
  SCRATCH_FULL: entry<{ path: string; folder: string; neededBytes: number; freeBytes: number }>({
    exit: ExitCode.failed,
    message: ({ path, folder, neededBytes, freeBytes }) =>
      `the scratch folder ${folder} is too small for a copy of ${path}: ${formatBytes(neededBytes)} are needed, ${formatBytes(freeBytes)} are free`,
    hint: () => `${UNTOUCHED} Free some space there, or set another scratch folder in the config.`,
    example: {
      path: '/opt/wishlist/data/prod.db',
      folder: '/var/lib/keepsake/scratch',
      neededBytes: 450_000_000,
      freeBytes: 120_000_000,
    },
  }),
  SCRATCH_LOST: entry<{ folder: string; reason: string }>({
    exit: ExitCode.failed,
    retry: 'later',
    message: ({ folder, reason }) =>
      `the scratch folder ${folder} could be used when the run began and cannot now: ${reason}`,
    hint: () =>
      `${UNTOUCHED} Something removes or locks that folder, such as a cleaner of temporary files: name another one with KEEPSAKE_SCRATCH_DIR or \`scratch:\` in keepsake.yaml.`,
    example: {
      folder: '/tmp/keepsake/run-4711',
      reason: 'ENOENT: no such file or directory, mkdtemp',
    },
  }),
  CAPTURE_GATE_DIED: entry<{ path: string; how: string }>({
    exit: ExitCode.failed,
    retry: 'later',
    message: ({ path, how }) => `the process that reads the database ${path} ended: ${how}`,
    hint: () =>
      `${UNTOUCHED} If it was killed for lack of memory, the kernel log says so: run dmesg, then the backup again.`,
    example: { path: '/opt/wishlist/data/prod.db', how: 'killed by SIGKILL' },
  }),
};

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1).replace(/\.0$/, '')} s`;
}
