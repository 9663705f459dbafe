import { ExitCode } from '../exit-code.ts';
import { displayRawName } from '../raw-name.ts';
import { entry } from './define-errors.ts';

export const archiveErrors = {
  SNAPSHOT_DATABASE_VANISHED: entry<{ path: string }>({
    exit: ExitCode.partial,
    message: ({ path }) =>
      `the database ${displayRawName(path)} was captured, but its file is excluded, gone, or not below the paths`,
    hint: () =>
      'It is missing from this snapshot, all else is backed up. Put its folder among the paths, take out the pattern that excludes it, and run `keepsake backup` again.',
    example: { path: '/opt/wishlist/data/prod.db' },
  }),
  SNAPSHOT_MANIFEST_INVALID: entry<{ path: string; why: string }>({
    exit: ExitCode.verification,
    message: ({ path, why }) => `the manifest ${path} cannot be used: ${why}`,
    hint: () =>
      'The snapshot itself may be sound: `keepsake restore` and `keepsake check` do not need the manifest.',
    example: { path: '/.keepsake/manifest.json', why: 'it is not JSON' },
  }),
  PARENT_DAMAGED: entry<{ snapshot: string; why: string }>({
    exit: ExitCode.damage,
    message: ({ snapshot, why }) =>
      `snapshot ${snapshot.slice(0, 8)}, with which this backup compares, is damaged: ${why}`,
    hint: () =>
      'The new snapshot does not take over what could not be read. How far the damage goes, and which snapshots it hurts: `keepsake check --read-data`',
    example: { snapshot: 'a1'.repeat(32), why: 'pack c3d4e5f6 is missing' },
  }),
  SCRATCH_UNUSABLE: entry<{ folder: string; reason: string }>({
    exit: ExitCode.failed,
    message: ({ folder, reason }) => `the scratch folder ${folder} cannot be used: ${reason}`,
    hint: () =>
      'Nothing was read or written. Name another one with KEEPSAKE_SCRATCH_DIR or `scratch:` in keepsake.yaml.',
    example: { folder: '/var/lib/keepsake/scratch', reason: 'EACCES: permission denied, mkdir' },
  }),
  SCRATCH_UNREADABLE: entry<{ folder: string; reason: string }>({
    exit: ExitCode.failed,
    message: ({ folder, reason }) =>
      `what this backup put into the scratch folder ${folder} cannot be read again: ${reason}`,
    hint: () =>
      'No snapshot was made; the ones before it and the app are as they were. Look into the disk of that folder (`dmesg`), or name another one with KEEPSAKE_SCRATCH_DIR or `scratch:` in keepsake.yaml.',
    example: { folder: '/var/lib/keepsake/scratch', reason: 'EIO: i/o error, read' },
  }),
};
