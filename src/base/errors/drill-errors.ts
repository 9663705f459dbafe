import { ExitCode } from '../exit-code.ts';
import { displayRawName } from '../raw-name.ts';
import { entry } from './define-errors.ts';

export const drillErrors = {
  HISTORY_UNREADABLE: entry<{ stateFolder: string; reason: string }>({
    exit: ExitCode.failed,
    message: ({ stateFolder, reason }) =>
      `the history in ${displayRawName(stateFolder)} cannot be read: ${reason}`,
    hint: () =>
      'No backup depends on it. If it is damaged, the next run puts it aside and begins a new one.',
    example: { stateFolder: '/var/lib/keepsake', reason: 'file is not a database' },
  }),
  DRILL_NO_ISOLATION: entry<{ app: string; reason: string }>({
    exit: ExitCode.usage,
    message: ({ app, reason }) =>
      `a copy of ${app} cannot be kept from the network on this machine: ${reason}`,
    hint: () =>
      'Nothing was restored or started. The copy holds the app’s own settings, those for mail among them. Run the drill as root on a machine that allows network namespaces (in Proxmox: the container’s feature "nesting"). If the copy can do no harm here, allow it by name: `keepsake drill --allow-network`, or `without-network-isolation: true` below `drill:` in keepsake.yaml.',
    example: { app: 'wishlist', reason: 'unshare: unshare failed: Operation not permitted' },
  }),
  DRILL_INSIDE_APP: entry<{ folder: string; path: string }>({
    exit: ExitCode.usage,
    message: ({ folder, path }) =>
      `the scratch folder ${displayRawName(folder)} lies inside the app’s ${displayRawName(path)}`,
    hint: () =>
      'Nothing was restored or started: a drill writes nothing into the live app’s folders. Name another folder with KEEPSAKE_SCRATCH_DIR or `scratch:` in keepsake.yaml.',
    example: { folder: '/opt/wishlist/data/scratch', path: '/opt/wishlist/data' },
  }),
  DRILL_NO_RESTIC: entry<{ reason: string }>({
    exit: ExitCode.failed,
    message: ({ reason }) => `stock restic cannot restore here: ${reason}`,
    hint: () =>
      'Nothing was restored or started. Install restic 0.14 or newer, or drill with `--with keepsake`.',
    example: { reason: 'restic is not on PATH' },
  }),
  DRILL_RESTIC_FAILED: entry<{ line: string; reason: string }>({
    exit: ExitCode.verification,
    message: ({ line, reason }) =>
      `a line of the recovery sheet failed: ${displayRawName(line)}: ${displayRawName(reason)}`,
    hint: () =>
      'The app was not touched. The sheet in the drawer would fail at this line, too: put right what it names, print it again with `keepsake recovery-sheet`, and drill again. `keepsake drill --with keepsake` shows whether the snapshot is the cause; `keepsake check --read-data` whether the repository is damaged.',
    example: {
      line: 'restic snapshots --tag app:wishlist --no-lock',
      reason: 'Fatal: wrong password or no key found',
    },
  }),
};
