/** Changes of an app in place: restore, rollback, and what protects an update. */
import { formatBytes } from '../bytes.ts';
import { ExitCode } from '../exit-code.ts';
import { localTime } from '../local-time.ts';
import { displayRawName } from '../raw-name.ts';
import { entry } from './define-errors.ts';

const shown = displayRawName;

export const changeErrors = {
  CHANGE_JOURNAL_INVALID: entry<{ path: string; name: string; why: string }>({
    exit: ExitCode.failed,
    message: ({ path, why }) => `the journal ${shown(path)} cannot be used: ${why}`,
    hint: () =>
      'Nothing was changed by this command. The old files are in the folder "old" beside the journal, those that were to come in "new". Keep that folder until the app is well.',
    example: {
      path: '/opt/wishlist/.keepsake-restore-a1b2c3d4/journal.json',
      name: 'journal.json',
      why: 'it is of version 2, this Keepsake knows 1',
    },
  }),
  CHANGE_UNFINISHED: entry<{
    app: string;
    what: string;
    startedAt: string;
    isResumable: boolean;
  }>({
    exit: ExitCode.failed,
    message: ({ app, what, startedAt }) =>
      `a ${what} of ${app} that began at ${localTime(startedAt)} is not finished`,
    hint: ({ isResumable }) =>
      `Nothing was changed by this command. ${isResumable ? 'Finish it with `keepsake restore --resume`, or bring' : 'Bring'} the old state back with \`keepsake restore --undo\`. \`keepsake status\` says what stands.`,
    example: {
      app: 'wishlist',
      what: 'restore',
      startedAt: '2026-11-24 08:00:00',
      isResumable: true,
    },
  }),
  CHANGE_UNDER_WAY: entry<{ pid: number; command: string; startedAt: string; path: string }>({
    exit: ExitCode.locked,
    retry: 'later',
    message: ({ pid, command, startedAt }) =>
      `another keepsake changes an app in place: ${command}, process ${pid}, since ${localTime(startedAt)}`,
    hint: ({ path }) =>
      `Nothing was changed by this command. Wait until it has ended. If it certainly runs no more, as after its container was removed, remove ${shown(path)}.`,
    example: {
      pid: 4711,
      command: 'restore',
      startedAt: '2026-11-24 08:00:00',
      path: '/var/lib/keepsake/change.lock',
    },
  }),
  CHANGE_STATE_UNUSABLE: entry<{ folder: string; reason: string }>({
    exit: ExitCode.failed,
    message: ({ folder, reason }) => `the state folder ${shown(folder)} cannot be used: ${reason}`,
    hint: () =>
      'The app was not touched. Make room there, or name another folder with KEEPSAKE_STATE_DIR or `state:` in keepsake.yaml; a change that was cut off is found without it, too.',
    example: { folder: '/var/lib/keepsake', reason: 'ENOSPC: no space left on device, write' },
  }),
  CHANGE_NONE: entry<{ wanted: 'resume' | 'undo' | 'rollback' }>({
    exit: ExitCode.failed,
    message: ({ wanted }) =>
      wanted === 'rollback'
        ? 'there is no restore, guard or update to roll back'
        : `there is no unfinished restore to ${wanted}`,
    hint: ({ wanted }) =>
      wanted === 'rollback'
        ? 'Nothing was changed. Restore points are listed by `keepsake snapshots --tag restore-point`; one is put back by `keepsake restore ID`.'
        : 'Nothing was changed. A restore that has ended is taken back by `keepsake rollback`.',
    example: { wanted: 'resume' },
  }),
  CHANGE_FAILED: entry<{ app: string; step: string; why: string; service: string }>({
    exit: ExitCode.failed,
    message: ({ app, step, why }) => `${app} was not changed: ${step} failed: ${why}`,
    hint: ({ service }) =>
      `The old state is back in place, as it was before. ${service} Remove the cause and run the same command again.`,
    example: {
      app: 'wishlist',
      step: 'the health check',
      why: 'http://127.0.0.1:3000/login answered 500',
      service: 'systemd unit wishlist.service runs again.',
    },
  }),
  CHANGE_FILES_GONE: entry<{ path: string; fresh: string }>({
    exit: ExitCode.failed,
    message: ({ path, fresh }) =>
      `${shown(fresh)} was removed, and no old files were moved away from ${shown(path)}`,
    hint: ({ fresh }) =>
      `Nothing was moved. If what stands there is the old state, make an empty file ${shown(fresh)} (and the folders above it), then type \`keepsake restore --undo\`.`,
    example: {
      path: '/opt/wishlist/uploads',
      fresh: '/opt/wishlist/.keepsake-restore-a1b2c3d4/new/opt/wishlist/uploads',
    },
  }),
  CHANGE_STUCK: entry<{
    app: string;
    step: string;
    why: string;
    place: string;
    isResumable: boolean;
  }>({
    exit: ExitCode.failed,
    message: ({ app, step, why }) =>
      `${app} could not be brought back to its old state: ${step} failed: ${why}`,
    hint: ({ place, isResumable }) =>
      `The old files are in ${shown(place)}/old or still in place. Remove the cause, then type \`keepsake restore --undo\`${isResumable ? ', or `keepsake restore --resume` to go on' : ''}.`,
    example: {
      app: 'wishlist',
      step: 'moving the old files back',
      why: 'EIO: i/o error, rename',
      place: '/opt/wishlist/.keepsake-restore-a1b2c3d4',
      isResumable: true,
    },
  }),
  CHANGE_NO_SPACE: entry<{ folder: string; neededBytes: number; freeBytes: number }>({
    exit: ExitCode.failed,
    message: ({ folder, neededBytes, freeBytes }) =>
      `not enough space beside the app: ${formatBytes(neededBytes)} are needed in ${shown(folder)}, ${formatBytes(freeBytes)} are free`,
    hint: () =>
      'Nothing was changed. The new state, or a copy to go back to, is made complete beside what is there first. Free some space; with `--only database` less is needed.',
    example: { folder: '/opt/wishlist', neededBytes: 250_000_000, freeBytes: 90_000_000 },
  }),
  CHANGE_PLACE_UNUSABLE: entry<{ folders: readonly string[]; why: string }>({
    exit: ExitCode.failed,
    message: ({ folders, why }) =>
      `files of the app cannot be swapped in ${folders.map(shown).join(', ')}: ${why}`,
    hint: () =>
      'Nothing was changed. Keepsake makes the restored state ready beside the old one and swaps them by renaming. Make some room there, run it as root, or restore elsewhere with `--target DIR`.',
    example: { folders: ['/opt/wishlist'], why: 'EROFS: read-only file system, mkdir' },
  }),
  CHANGE_CONFIRM: entry<{ command: string }>({
    exit: ExitCode.usage,
    message: ({ command }) => `${command} replaces what the app has now, and nobody can be asked`,
    hint: ({ command }) =>
      `Nothing was changed. Read the plan above, then type the same command with \`--yes\`; \`${command} --dry-run\` only shows the plan.`,
    example: { command: 'keepsake restore' },
  }),
  CHANGE_DECLINED: entry<object>({
    exit: ExitCode.cancelled,
    message: () => 'not confirmed',
    hint: () => 'Nothing was changed.',
    example: {},
  }),
  CHANGE_STAGED_WRONG: entry<{ problems: readonly string[] }>({
    exit: ExitCode.verification,
    message: ({ problems }) => `what was restored is not sound: ${problems.join('; ')}`,
    hint: () =>
      'The app was not touched. Try an older snapshot (`keepsake snapshots`), and see how far the damage goes with `keepsake check --read-data`.',
    example: { problems: ['/opt/wishlist/data/prod.db: rows of user: expected 15, found 14'] },
  }),
  CHANGE_DATABASE_IN_USE: entry<{ path: string; processes: readonly string[] }>({
    exit: ExitCode.failed,
    message: ({ path, processes }) =>
      `${shown(path)} is still open in ${processes.slice(0, 5).join(', ')}`,
    hint: () =>
      'A database must not be replaced while a program uses it. Stop that program, tell `service` in keepsake.yaml how, or restore the database alone with `--live`.',
    example: { path: '/opt/wishlist/data/prod.db', processes: ['node (process 4711)'] },
  }),
  CHANGE_SNAPSHOT_UNFIT: entry<{ snapshot: string; why: string }>({
    exit: ExitCode.failed,
    message: ({ snapshot, why }) =>
      `snapshot ${snapshot.slice(0, 8)} cannot be restored in place: ${why}`,
    hint: () =>
      'Nothing was changed. `keepsake snapshots` lists others; `--only database` restores the database alone, `--target DIR` copies out whatever there is.',
    example: { snapshot: 'a1b2c3d4', why: 'it holds only the database' },
  }),
  CHANGE_SERVICE_UNFIT: entry<{ service: string; state: string }>({
    exit: ExitCode.failed,
    message: ({ service, state }) =>
      state === 'missing' ? `there is no ${service}` : `whether ${service} runs cannot be told`,
    hint: () =>
      'Nothing was changed. Correct `service` in keepsake.yaml (`keepsake config show` says what is understood).',
    example: { service: 'systemd unit wishlist.service', state: 'missing' },
  }),
  CHANGE_UNHEALTHY: entry<{ why: string }>({
    exit: ExitCode.failed,
    message: ({ why }) => why,
    hint: () => 'The old state is brought back.',
    example: { why: 'http://127.0.0.1:3000/login answered 500: the database is damaged' },
  }),
  DATABASE_KEPT_BUSY: entry<{ path: string; limitMs: number }>({
    exit: ExitCode.failed,
    retry: 'later',
    message: ({ path, limitMs }) =>
      `${shown(path)} was locked by its app for ${Math.round(limitMs / 1000)} s`,
    hint: () =>
      'The database is as it was. Try again when the app has less to do, or restore without `--live`, which stops it for a moment.',
    example: { path: '/opt/wishlist/data/prod.db', limitMs: 10_000 },
  }),
  DATABASE_WRITE_CUT_OFF: entry<{ path: string; why: string }>({
    exit: ExitCode.failed,
    message: ({ path, why }) => `${shown(path)} was being written when that was cut off: ${why}`,
    hint: () =>
      'The database is sound, and either as it was or as it was to be: which one is not known. A copy of the old state is kept. Type `keepsake restore --undo` to write it back.',
    example: { path: '/opt/wishlist/data/prod.db', why: 'killed by SIGKILL' },
  }),
  CHANGE_NOT_LIVE: entry<{ path: string; why: string }>({
    exit: ExitCode.failed,
    message: ({ path, why }) => `${shown(path)} cannot be restored live: ${why}`,
    hint: () =>
      'Nothing was changed. The same command without `--live` stops the app for a moment and works on any state.',
    example: {
      path: '/opt/wishlist/data/prod.db',
      why: 'there is no readable database there now',
    },
  }),
};
