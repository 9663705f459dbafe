import { ExitCode } from '../exit-code.ts';
import { displayRawName } from '../raw-name.ts';
import { entry } from './define-errors.ts';

export const sourceErrors = {
  SOURCE_PATH_MISSING: entry<{ path: string }>({
    exit: ExitCode.partial,
    message: ({ path }) => `${displayRawName(path)} does not exist`,
    hint: ({ path }) =>
      `What exists of the other paths is backed up. Look with \`ls -ld ${displayRawName(path)}\`, then correct the path or take it out of the command or keepsake.yaml.`,
    example: { path: '/opt/wishlist/upload' },
  }),
  SOURCE_PATH_VANISHED: entry<{ path: string }>({
    exit: ExitCode.partial,
    message: ({ path }) => `${displayRawName(path)} was removed while it was being read`,
    hint: ({ path }) =>
      `What had been read of it by then is in this snapshot, all else is backed up. Look with \`ls -ld ${displayRawName(path)}\`, and whether its disk is mounted.`,
    example: { path: '/opt/wishlist/uploads' },
  }),
  SOURCE_LINK_NOT_FOLLOWED: entry<{ path: string; leadsTo: string }>({
    exit: ExitCode.partial,
    message: ({ path, leadsTo }) =>
      `${displayRawName(path)} is a symbolic link and stored as one: ${displayRawName(leadsTo)}, where it leads, is not backed up`,
    hint: ({ path, leadsTo }) =>
      `All else is backed up. For both: \`keepsake backup ${displayRawName(path)} ${displayRawName(leadsTo)}\``,
    example: { path: '/opt/wishlist', leadsTo: '/mnt/data/wishlist' },
  }),
  SOURCE_NOTHING_TO_READ: entry<{ paths: readonly string[] }>({
    exit: ExitCode.failed,
    message: ({ paths }) =>
      `none of the paths exists: ${paths.map((path) => displayRawName(path)).join(', ')}`,
    hint: () =>
      'Nothing was read or written. Check that the disk is mounted, then correct the paths in the command or keepsake.yaml.',
    example: { paths: ['/opt/wishlist/data', '/opt/wishlist/uploads'] },
  }),
  SOURCE_PATH_NOT_ABSOLUTE: entry<{ path: string }>({
    exit: ExitCode.usage,
    message: ({ path }) => `${displayRawName(path)} is not an absolute path`,
    hint: () => 'Nothing was read or written. Give the path from / on.',
    example: { path: 'uploads' },
  }),
  SOURCE_UNREADABLE: entry<{ path: string; errno: string; reason: string }>({
    exit: ExitCode.partial,
    message: ({ path, reason }) => `${displayRawName(path)} could not be read: ${reason}`,
    hint: ({ path, errno }) =>
      errno === 'EACCES' || errno === 'EPERM'
        ? `It is missing from this snapshot, all else is backed up. Run Keepsake as root, or let its user read ${displayRawName(path)}.`
        : `It is missing from this snapshot, all else is backed up. Look with \`stat ${displayRawName(path)}\` and in \`dmesg\` for disk errors.`,
    example: {
      path: '/opt/wishlist/uploads/a.jpg',
      errno: 'EACCES',
      reason: 'EACCES: permission denied, open',
    },
  }),
  SOURCE_ATTRIBUTES_UNREADABLE: entry<{ path: string; errno: string; reason: string }>({
    exit: ExitCode.partial,
    message: ({ path, reason }) =>
      `the extended attributes of ${displayRawName(path)} could not be read: ${reason}`,
    hint: ({ path }) =>
      `Its content and other metadata are backed up. Look with \`getfattr -d -m - ${displayRawName(path)}\`.`,
    example: {
      path: '/opt/wishlist/uploads/a.jpg',
      errno: 'EIO',
      reason: 'EIO: i/o error, llistxattr',
    },
  }),
  SOURCE_VANISHED: entry<{ path: string }>({
    exit: ExitCode.ok,
    message: ({ path }) => `${displayRawName(path)} was deleted before it was read`,
    hint: () => 'That is normal while an app runs. All else is backed up.',
    example: { path: '/opt/wishlist/uploads/a.jpg' },
  }),
  SOURCE_CHANGING: entry<{ path: string }>({
    exit: ExitCode.partial,
    message: ({ path }) =>
      `${displayRawName(path)} went on changing although it was read three times`,
    hint: () =>
      'It is stored as last read, which may mix two of its states; all else is backed up. Stop what writes it, or leave it out with --exclude, and run `keepsake backup` again.',
    example: { path: '/opt/wishlist/logs/access.log' },
  }),
  SOURCE_CHANGED_TYPE: entry<{ path: string; was: string; is: string }>({
    exit: ExitCode.partial,
    message: ({ path, was, is }) =>
      `${displayRawName(path)} was a ${was} and became a ${is} while it was read`,
    hint: () =>
      'It is missing from this snapshot, all else is backed up. Run `keepsake backup` again to store what it is now.',
    example: { path: '/opt/wishlist/uploads/a.jpg', was: 'file', is: 'symlink' },
  }),
  SOURCE_BAD_PATTERN: entry<{ pattern: string }>({
    exit: ExitCode.usage,
    message: ({ pattern }) => `the exclude pattern "${pattern}" is malformed`,
    hint: () =>
      'Nothing was read or written. Close each [ with a ], and write \\[ or \\\\ for the character itself.',
    example: { pattern: '/srv/[a-' },
  }),
};
