import { ExitCode } from '../exit-code.ts';
import { entry } from './define-errors.ts';

/** `file` is the place inside the repository, e.g. `snapshots/1a2b…`; `location` holds no secret. */
interface InPlace {
  location: string;
  file: string;
}

const UNTOUCHED = 'What the repository held before is unchanged.';

export const backendErrors = {
  BACKEND_FILE_NOT_FOUND: entry<InPlace>({
    exit: ExitCode.damage,
    message: ({ location, file }) => `${file} is not in ${location}`,
    hint: () =>
      'Nothing was changed. If no other program removed it just now, see what is affected with `keepsake check`',
    example: { location: '/backups/wishlist', file: 'data/3f/3f2a0c' },
  }),
  BACKEND_FILE_EXISTS: entry<InPlace>({
    exit: ExitCode.failed,
    message: ({ location, file }) => `${file} is already in ${location} and is never overwritten`,
    hint: () => `${UNTOUCHED} Look at it with \`keepsake check\``,
    example: { location: '/backups/wishlist', file: 'config' },
  }),
  BACKEND_SHORT_FILE: entry<InPlace & { sizeBytes: number; wantedBytes: number }>({
    exit: ExitCode.damage,
    message: ({ location, file, sizeBytes, wantedBytes }) =>
      `${file} in ${location} ends after ${sizeBytes} bytes, but ${wantedBytes} bytes are needed`,
    hint: () =>
      'The file was cut off in the storage; nothing was changed. See which snapshots are affected with `keepsake check`',
    example: {
      location: '/backups/wishlist',
      file: 'data/3f/3f2a0c',
      sizeBytes: 4096,
      wantedBytes: 16777216,
    },
  }),
  BACKEND_SHORT_WRITE: entry<InPlace & { sizeBytes: number; wantedBytes: number }>({
    exit: ExitCode.failed,
    retry: 'later',
    message: ({ location, file, sizeBytes, wantedBytes }) =>
      `${location} took only ${sizeBytes} of ${wantedBytes} bytes of ${file}`,
    hint: () => `The partial file was removed. ${UNTOUCHED} Check the disk, then try again.`,
    example: {
      location: '/backups/wishlist',
      file: 'data/3f/3f2a0c',
      sizeBytes: 4096,
      wantedBytes: 16777216,
    },
  }),
  BACKEND_FULL: entry<InPlace & { reason: string }>({
    exit: ExitCode.failed,
    message: ({ location, file, reason }) => `no room in ${location} for ${file}: ${reason}`,
    hint: () =>
      `The partial file was removed. ${UNTOUCHED} Free space or raise the quota, then run the command again.`,
    example: {
      location: '/backups/wishlist',
      file: 'data/3f/3f2a0c',
      reason: 'the disk is full (ENOSPC)',
    },
  }),
  BACKEND_DENIED: entry<InPlace & { reason: string }>({
    exit: ExitCode.failed,
    message: ({ location, file, reason }) => `access to ${file} in ${location} denied: ${reason}`,
    hint: () =>
      `${UNTOUCHED} Check the owner and mode of the folder and whether the disk is mounted read-only, and that Keepsake runs as the user who made the repository. To read one that cannot be written: add \`--no-lock\``,
    example: {
      location: '/backups/wishlist',
      file: 'config',
      reason: 'permission denied (EACCES)',
    },
  }),
  BACKEND_DEVICE_FAILED: entry<InPlace & { reason: string }>({
    exit: ExitCode.failed,
    message: ({ location, file, reason }) => `the disk failed at ${file} in ${location}: ${reason}`,
    hint: () =>
      'Look at the kernel log (`dmesg`) and the health of the disk first; copy the repository to another disk before anything else is written to this one.',
    example: {
      location: '/backups/wishlist',
      file: 'data/3f/3f2a0c',
      reason: 'input/output error (EIO)',
    },
  }),
  BACKEND_UNREACHABLE: entry<{ location: string; reason: string }>({
    exit: ExitCode.unreachable,
    retry: 'later',
    message: ({ location, reason }) => `${location} cannot be reached: ${reason}`,
    hint: () => `${UNTOUCHED} Check the network or the mount, then run the command again.`,
    example: { location: '/mnt/nas/wishlist', reason: 'stale file handle (ESTALE)' },
  }),
  BACKEND_LOCATION_MISSING: entry<{ location: string }>({
    exit: ExitCode.noRepository,
    message: ({ location }) => `the folder ${location} does not exist`,
    hint: () =>
      'Nothing was written. If it is on another disk, check that the disk is mounted. For a new repository type `keepsake init`',
    example: { location: '/mnt/usb/wishlist' },
  }),
  BACKEND_FOLDER_MISSING: entry<{ location: string; folder: string }>({
    exit: ExitCode.damage,
    message: ({ location, folder }) =>
      `${location} has no folder "${folder}", so what it held is unknown`,
    hint: ({ folder }) =>
      `Nothing was changed. Bring it back from wherever it was moved. Only if it never held a file (a copy can leave empty folders out) make it anew with \`mkdir ${folder}\``,
    example: { location: '/backups/wishlist', folder: 'snapshots' },
  }),
  BACKEND_FOLDER_TAKEN: entry<{ location: string; found: string }>({
    exit: ExitCode.failed,
    message: ({ location, found }) => `${location} holds something else: ${found}`,
    hint: ({ location }) =>
      `Nothing was changed. Give the repository a folder of its own, best on another disk, e.g. \`keepsake -r ${location}/keepsake init\``,
    example: { location: '/opt/wishlist', found: 'data/prod.db' },
  }),
  BACKEND_NOT_A_FOLDER: entry<{ location: string; path: string }>({
    exit: ExitCode.failed,
    message: ({ location, path }) =>
      `${location} cannot hold a repository: ${path} is not a folder`,
    hint: () => 'Nothing was changed. Give the path of a folder, existing or new.',
    example: { location: '/backups/wishlist', path: '/backups' },
  }),
  BACKEND_FAILED: entry<InPlace & { reason: string }>({
    exit: ExitCode.failed,
    message: ({ location, file, reason }) => `${file} in ${location}: ${reason}`,
    hint: () => `${UNTOUCHED} The storage gave the reason above; see to it and try again.`,
    example: {
      location: '/backups/wishlist',
      file: 'data/3f/3f2a0c',
      reason: 'is a directory (EISDIR)',
    },
  }),
  BACKEND_READ_ONLY: entry<InPlace>({
    exit: ExitCode.failed,
    message: ({ location, file }) =>
      `${file} was not written: ${location} is open for reading only`,
    hint: () => `${UNTOUCHED} Run the command without --dry-run or --no-lock.`,
    example: { location: '/backups/wishlist', file: 'snapshots/1a2b3c' },
  }),
  BACKEND_SCHEME_UNSUPPORTED: entry<{ scheme: string; supported: readonly string[] }>({
    exit: ExitCode.usage,
    message: ({ scheme, supported }) =>
      `repositories at "${scheme}:" are not supported; supported today: ${supported.join(', ')}`,
    hint: () =>
      'Nothing was read or written. Give the path of a folder; a remote store can be mounted as one.',
    example: { scheme: 's3', supported: ['local'] },
  }),
  BACKEND_LOCATION_INVALID: entry<{ text: string; reason: string }>({
    exit: ExitCode.usage,
    message: ({ text, reason }) => `"${text}" names no repository: ${reason}`,
    hint: () =>
      'Nothing was read or written. Give the path of a folder, such as /backups/wishlist.',
    example: { text: 'C:\\backups', reason: 'it is a Windows path' },
  }),
};
