import { ExitCode } from '../exit-code.ts';
import { displayRawName } from '../raw-name.ts';
import { entry } from './define-errors.ts';

export const importErrors = {
  IMPORT_UNREADABLE: entry<{ path: string; reason: string }>({
    exit: ExitCode.failed,
    message: ({ path, reason }) => `${displayRawName(path)} cannot be read: ${reason}`,
    hint: () => 'Nothing was imported from it. Check the path and who may read it.',
    example: { path: '/root/wishlist-backup-20251124.tar.gz', reason: 'EACCES: permission denied' },
  }),
  IMPORT_UNSUPPORTED: entry<{ path: string; what: string; advice: string }>({
    exit: ExitCode.failed,
    message: ({ path, what }) => `${displayRawName(path)} is ${what}, which cannot be imported`,
    hint: ({ advice }) => `Nothing was imported from it. ${advice}`,
    example: {
      path: '/root/wishlist.tar.xz',
      what: 'compressed with xz',
      advice: 'Unpack it first: `xz -dk FILE`',
    },
  }),
  IMPORT_DAMAGED: entry<{ path: string; why: string }>({
    exit: ExitCode.failed,
    message: ({ path, why }) =>
      `${displayRawName(path)} is damaged or cut off: ${displayRawName(why)}`,
    hint: () =>
      'Nothing was imported from it: no snapshot was made. Look for another copy of it; `tar tvf FILE` shows how far it can be read.',
    example: {
      path: '/root/wishlist-backup-20251124.tar.gz',
      why: 'it ends without its mark (after "opt/wishlist/uploads/a.webp")',
    },
  }),
  IMPORT_MEMBER_REFUSED: entry<{ path: string; member: string; why: string }>({
    exit: ExitCode.failed,
    message: ({ path, member, why }) =>
      `${displayRawName(path)}: the member "${displayRawName(member)}" is refused: ${displayRawName(why)}`,
    hint: () =>
      'Nothing was imported from this archive. If you know it and want the rest, leave the member out: `keepsake import --exclude MEMBER FILE`',
    example: {
      path: '/root/wishlist.tar.gz',
      member: 'opt/wishlist/uploads/link',
      why: 'it is a link that leads out of the archive, to "/etc/shadow"',
    },
  }),
  IMPORT_PLACE_UNKNOWN: entry<{ path: string; why: string }>({
    exit: ExitCode.usage,
    message: ({ path, why }) => `where ${displayRawName(path)} belongs is not known: ${why}`,
    hint: () =>
      'Nothing was imported from it. Say it: `keepsake import --as /opt/app/data/prod.db FILE` for a database, `--root /opt/app` for an archive.',
    example: { path: '/root/prod.db.backup-20251124', why: 'there is no app in the config' },
  }),
  IMPORT_CHANGED: entry<{ path: string }>({
    exit: ExitCode.failed,
    message: ({ path }) => `${displayRawName(path)} changed while it was read`,
    hint: () =>
      'Nothing was imported from it. Run the same command again when nobody writes to it.',
    example: { path: '/root/wishlist-backup-20251124.tar.gz' },
  }),
};
