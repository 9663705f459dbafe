import { ExitCode } from '../exit-code.ts';
import { formatBytes } from '../bytes.ts';
import { entry } from './define-errors.ts';

export const verifyErrors = {
  VERIFY_NO_SPACE: entry<{ folder: string; neededBytes: number; freeBytes: number }>({
    exit: ExitCode.failed,
    message: ({ folder, neededBytes, freeBytes }) =>
      `no room to restore the snapshot in ${folder}: ${formatBytes(neededBytes)} are needed, ${formatBytes(freeBytes)} are free`,
    hint: () =>
      'Nothing was restored, and nothing is known of the snapshot yet. Name a larger folder with KEEPSAKE_SCRATCH_DIR or `scratch:` in keepsake.yaml.',
    example: {
      folder: '/var/lib/keepsake/scratch',
      neededBytes: 450_000_000,
      freeBytes: 120_000_000,
    },
  }),
  VERIFY_KEEP_NOT_EMPTY: entry<{ folder: string }>({
    exit: ExitCode.usage,
    message: ({ folder }) => `${folder} is not an empty folder`,
    hint: () =>
      'Nothing was restored, and the folder is as it was. Name a new folder with `--keep DIR`.',
    example: { folder: '/srv/check' },
  }),
  VERIFY_PART: entry<{ subfolder: string }>({
    exit: ExitCode.usage,
    message: ({ subfolder }) => `only a whole snapshot can be verified, not "${subfolder}" alone`,
    hint: () =>
      'Nothing was restored. To compare a part of it: `keepsake restore SNAPSHOT:FOLDER --target DIR --verify`',
    example: { subfolder: '/opt/wishlist/uploads' },
  }),
};
