import { formatBytes } from '../bytes.ts';
import { ExitCode } from '../exit-code.ts';
import { localTime } from '../local-time.ts';
import { displayRawName } from '../raw-name.ts';
import { quoteForShell } from '../shell-quote.ts';
import { entry } from './define-errors.ts';

const shown = displayRawName;

interface AppOfHost {
  readonly app: string;
  readonly hostname: string;
  /** Of its newest complete snapshot. */
  readonly time: string;
}

export const rebuildErrors = {
  REBUILD_CHOOSE: entry<{ choices: readonly AppOfHost[] }>({
    exit: ExitCode.usage,
    message: ({ choices }) =>
      `the repository holds more than one app: ${choices.map(({ app, hostname, time }) => `${app} of ${hostname} (last ${time.slice(0, 10)})`).join(', ')}`,
    hint: ({ choices }) =>
      `Nothing was changed. Say which one: ${choices.map(({ app, hostname }) => `\`keepsake rebuild --app ${quoteForShell(app)} --host ${quoteForShell(hostname)}\``).join(' or ')}`,
    example: {
      choices: [
        { app: 'paperless', hostname: 'nas', time: '2026-11-24T08:00:00Z' },
        { app: 'wishlist', hostname: 'nas', time: '2026-11-24T08:00:00Z' },
      ],
    },
  }),
  REBUILD_NO_APP: entry<object>({
    exit: ExitCode.failed,
    message: () => 'the repository holds no complete snapshot of an app of keepsake.yaml',
    hint: () =>
      'Nothing was changed. `keepsake snapshots` lists what there is: `keepsake rebuild ID` takes one that is not complete, `keepsake restore ID --target DIR` copies any of them out. docs/recovery/4-machine-gone.md says how to go on by hand.',
    example: {},
  }),
  REBUILD_NO_CONFIG: entry<{ snapshot: string; program: string | undefined }>({
    exit: ExitCode.failed,
    message: ({ snapshot, program }) =>
      `snapshot ${snapshot.slice(0, 8)} holds no keepsake.yaml${program === undefined ? '' : ` (it was made by ${program})`}`,
    hint: ({ snapshot }) =>
      `Nothing was changed. What it holds is all there: \`keepsake restore ${snapshot.slice(0, 8)} --target DIR --verify\` copies it out, docs/recovery/4-machine-gone.md says how to put it in place. \`keepsake rebuild ID\` takes another snapshot: backups of an app of keepsake.yaml hold that file, those of plain paths do not.`,
    example: { snapshot: 'a1b2c3d4', program: 'restic 0.17.3' },
  }),
  REBUILD_SNAPSHOT_UNFIT: entry<{ snapshot: string; why: string }>({
    exit: ExitCode.failed,
    message: ({ snapshot, why }) =>
      `snapshot ${snapshot.slice(0, 8)} is not enough for a rebuild: ${why}`,
    hint: () =>
      'Nothing was changed. `keepsake snapshots` lists others; `keepsake restore ID --target DIR` copies out whatever there is.',
    example: { snapshot: 'a1b2c3d4', why: 'it holds only the database' },
  }),
  REBUILD_NOT_EMPTY: entry<{ app: string; paths: readonly string[]; snapshot: string }>({
    exit: ExitCode.failed,
    message: ({ app, paths }) =>
      `a rebuild of ${app} overwrites nothing, and this is there already: ${paths.map(shown).join(', ')}`,
    hint: ({ snapshot }) =>
      `Nothing was changed. To set an app back that is on this machine: \`keepsake restore ${snapshot.slice(0, 8)}\` (with its keepsake.yaml). A machine that has its keepsake.yaml is rebuilt already. Else move these away (\`mv\`), and type the same command again.`,
    example: {
      app: 'wishlist',
      paths: ['/opt/wishlist/data', '/etc/keepsake/keepsake.yaml (another text)'],
      snapshot: 'a1b2c3d4',
    },
  }),
  REBUILD_NO_SPACE: entry<{ folder: string; neededBytes: number; freeBytes: number }>({
    exit: ExitCode.failed,
    message: ({ folder, neededBytes, freeBytes }) =>
      `not enough space: ${formatBytes(neededBytes)} are needed in ${shown(folder)}, ${formatBytes(freeBytes)} are free`,
    hint: () =>
      'Nothing was changed. Free some space, or mount a larger disk there, and type the same command again.',
    example: { folder: '/opt', neededBytes: 250_000_000, freeBytes: 90_000_000 },
  }),
  REBUILD_UNFINISHED: entry<{ app: string; snapshot: string; startedAt: string }>({
    exit: ExitCode.failed,
    message: ({ app, snapshot, startedAt }) =>
      `a rebuild of ${app} from snapshot ${snapshot.slice(0, 8)} that began at ${localTime(startedAt)} is not finished`,
    hint: ({ snapshot, app }) =>
      `Nothing was changed by this command. Finish that one first: \`keepsake rebuild ${snapshot.slice(0, 8)} --app ${quoteForShell(app)}\``,
    example: { app: 'wishlist', snapshot: 'a1b2c3d4', startedAt: '2026-11-24 08:00:00' },
  }),
  REBUILD_FILES_GONE: entry<{ path: string; place: string }>({
    exit: ExitCode.failed,
    message: ({ path, place }) =>
      `what was made ready for ${shown(path)} was removed from ${shown(place)}`,
    hint: ({ place }) =>
      `Nothing was moved. Remove ${shown(place)}, move away what the rebuild has put in place already, and type the same command again.`,
    example: { path: '/opt/wishlist', place: '/opt/.keepsake-restore-a1b2c3d4' },
  }),
  REBUILD_CONFIRM: entry<object>({
    exit: ExitCode.usage,
    message: () => 'a rebuild writes files all over the machine, and nobody can be asked',
    hint: () =>
      'Nothing was changed. Read the plan above, then type the same command with `--yes`; with `--dry-run` it only shows the plan.',
    example: {},
  }),
};
