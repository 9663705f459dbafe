import { ExitCode } from '../exit-code.ts';
import { displayRawName } from '../raw-name.ts';
import { entry } from './define-errors.ts';

const shown = displayRawName;

export const snapshotErrors = {
  SNAPSHOT_TREE_DAMAGED: entry<{ path: string; treeId: string; why: string }>({
    exit: ExitCode.damage,
    message: ({ path, treeId, why }) =>
      `the list of what was in "${shown(path)}" cannot be read (tree ${treeId.slice(0, 8)}): ${why}`,
    hint: () =>
      'The other folders of the snapshot are not affected. See how far the damage goes with `keepsake check --read-data`, and try an older snapshot.',
    example: { path: '/srv/app', treeId: 'a1'.repeat(32), why: 'not in the index' },
  }),
  SNAPSHOT_BLOB_UNREADABLE: entry<{ path: string; blobId: string; why: string }>({
    exit: ExitCode.damage,
    message: ({ path, blobId, why }) =>
      `"${shown(path)}" cannot be read from the repository (blob ${blobId.slice(0, 8)}): ${why}`,
    hint: () =>
      'No part of this file was written; the other files are not affected. See how far the damage goes with `keepsake check --read-data`, and try an older snapshot.',
    example: { path: '/srv/app/a.jpg', blobId: 'b2'.repeat(32), why: 'pack c3d4e5f6 is missing' },
  }),
  SNAPSHOT_CONTENT_UNLISTED: entry<{ path: string; sizeBytes: number }>({
    exit: ExitCode.damage,
    message: ({ path, sizeBytes }) =>
      `"${shown(path)}" should have ${sizeBytes} bytes, but its folder's list does not say where they are`,
    hint: () =>
      'No part of this file was written; the other files are not affected. See how far the damage goes with `keepsake check --read-data`, and try an older snapshot.',
    example: { path: '/srv/app/a.jpg', sizeBytes: 1000 },
  }),
  SNAPSHOT_PATH_NOT_FOUND: entry<{ path: string }>({
    exit: ExitCode.failed,
    message: ({ path }) => `the snapshot holds no "${shown(path)}"`,
    hint: () => 'List what it holds with `keepsake ls SNAPSHOT`.',
    example: { path: '/srv/app/uploads' },
  }),
  SNAPSHOT_PATH_WRONG_TYPE: entry<{ path: string; type: string; wanted: string }>({
    exit: ExitCode.failed,
    message: ({ path, type, wanted }) =>
      `"${shown(path)}" is a ${type} in the snapshot, and a ${wanted} is needed here`,
    hint: () => 'See what the snapshot holds with `keepsake ls SNAPSHOT`.',
    example: { path: '/srv/app/prod.db', type: 'file', wanted: 'dir' },
  }),
  RESTORE_NOTHING_MATCHED: entry<{ patterns: readonly string[] }>({
    exit: ExitCode.failed,
    message: ({ patterns }) =>
      `no file in the snapshot matches --include ${patterns.map(displayRawName).join(' or ')}`,
    hint: () =>
      'No file was written. A pattern is a name such as `*.jpg` or a whole path. To see what there is: `keepsake ls SNAPSHOT`',
    example: { patterns: ['upload'] },
  }),
  RESTORE_TARGET_IS_ROOT: entry<{ target: string }>({
    exit: ExitCode.usage,
    message: ({ target }) => `refusing to restore over the running system ("${shown(target)}")`,
    hint: () =>
      'Nothing was written. Restore to an empty folder, e.g. `--target /var/tmp/restored`, and move from there what is needed; an old -wal beside a restored database would undo the restore.',
    example: { target: '/' },
  }),
  RESTORE_TARGET_UNUSABLE: entry<{ target: string; why: string }>({
    exit: ExitCode.failed,
    message: ({ target, why }) => `cannot restore to "${shown(target)}": ${why}`,
    hint: () => 'Nothing was written. Name another folder with `--target DIR`.',
    example: { target: '/mnt/nas/restored', why: 'the file system is read-only' },
  }),
  RESTORE_DISK_FULL: entry<{ target: string; path: string }>({
    exit: ExitCode.failed,
    message: ({ target, path }) =>
      `no space left on the disk of "${shown(target)}" while writing "${shown(path)}"`,
    hint: () =>
      'Each file there is whole, old or new. Free some space and run the same command again: what is already right is not written again.',
    example: { target: '/var/tmp/restored', path: '/srv/app/prod.db' },
  }),
  RESTORE_CONFLICT: entry<{ path: string; found: string; wanted: string }>({
    exit: ExitCode.partial,
    message: ({ path, found, wanted }) =>
      `"${shown(path)}" was not restored: a ${found} stands where a ${wanted} belongs`,
    hint: ({ found }) =>
      found === 'folder'
        ? 'It was left as it is. Move the folder away, or restore to an empty folder.'
        : 'It was left as it is. Restore with `--overwrite always`, or to an empty folder.',
    example: { path: '/srv/app/data', found: 'folder', wanted: 'file' },
  }),
  RESTORE_ITEM_FAILED: entry<{ path: string; why: string }>({
    exit: ExitCode.partial,
    message: ({ path, why }) => `"${shown(path)}" was not restored: ${why}`,
    hint: () =>
      'What stood there before was left as it is. Remove the cause and run the same command again.',
    example: { path: '/srv/app/a.jpg', why: 'EACCES: permission denied, open' },
  }),
  RESTORE_METADATA_FAILED: entry<{ path: string; what: string; why: string }>({
    exit: ExitCode.partial,
    message: ({ path, what, why }) => `${what} of "${shown(path)}" could not be restored: ${why}`,
    hint: () => 'The content is right. Remove the cause and run the same command again.',
    example: { path: '/srv/app/a.jpg', what: 'the owner', why: 'EPERM: operation not permitted' },
  }),
  VERIFY_DIFFERS: entry<{ path: string; why: string }>({
    exit: ExitCode.verification,
    message: ({ path, why }) => `"${shown(path)}" is not as the snapshot has it: ${why}`,
    hint: () =>
      'The snapshot itself was not touched. If nothing else writes to that folder, suspect its disk or memory, and restore again elsewhere.',
    example: { path: '/srv/app/a.jpg', why: 'other content from byte 1048576 on' },
  }),
};
