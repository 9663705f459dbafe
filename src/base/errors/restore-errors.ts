import { ExitCode } from '../exit-code.ts';
import { displayRawName } from '../raw-name.ts';
import { entry } from './define-errors.ts';

export const restoreErrors = {
  RESTORE_OVER_DATABASE: entry<{ path: string; sidecar: string }>({
    exit: ExitCode.failed,
    message: ({ path, sidecar }) =>
      `refusing to restore the database ${displayRawName(path)}: ${displayRawName(sidecar)} lies beside it`,
    hint: () =>
      'Nothing was written. An app may be using that database, and SQLite would replay the old file over the restored one. Restore to an empty folder with `--target DIR`.',
    example: { path: '/opt/wishlist/data/prod.db', sidecar: '/opt/wishlist/data/prod.db-wal' },
  }),
  DUMP_INCOMPLETE: entry<{ path: string; why: string }>({
    exit: ExitCode.damage,
    message: ({ path, why }) => `the output of ${displayRawName(path)} is not complete: ${why}`,
    hint: () =>
      'What came until there is right, the rest is missing: do not use it as the whole. See how far the damage goes with `keepsake check --read-data`, and try an older snapshot.',
    example: { path: '/srv/app/prod.db', why: 'data blob b2b2b2b2 is in no pack' },
  }),
  EXPORT_READ_BACK: entry<{ path: string; why: string }>({
    exit: ExitCode.verification,
    message: ({ path, why }) =>
      `what was written to ${displayRawName(path)} reads otherwise than it was written: ${why}`,
    hint: () =>
      'It was removed again; a file that stood there before is as it was, the repository was not changed. Export to another disk, and check this one.',
    example: { path: '/media/usb/wishlist.tar.gz', why: 'unexpected end of file' },
  }),
};
