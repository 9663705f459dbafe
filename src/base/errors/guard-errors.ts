/** Protected changes: `guard` and `update`. */
import { ExitCode } from '../exit-code.ts';
import { displayRawName } from '../raw-name.ts';
import { entry } from './define-errors.ts';

const shown = displayRawName;

export const guardErrors = {
  GUARD_FAILED: entry<{
    app: string;
    kind: string;
    why: string;
    service: string;
    /** Empty: no command was run. */
    kept: readonly string[];
    hasCode: boolean;
  }>({
    exit: ExitCode.failed,
    message: ({ app, kind, why }) => `the ${kind} of ${app} was taken back: ${why}`,
    hint: ({ service, kept, hasCode }) =>
      kept.length === 0
        ? `No command was run, nothing was changed. ${service} Remove the cause and run the same command again.`
        : `${hasCode ? 'Code, dependencies and data are' : 'The data is'} back as before. ${service} What the failed change left is in ${kept.map(shown).join(', ')}: look at it, then \`rm -r\` it. Remove the cause and run the same command again.`,
    example: {
      app: 'wishlist',
      kind: 'guard',
      why: '"pnpm prisma migrate" ended with exit code 1',
      service: 'The systemd unit wishlist.service runs again and answers.',
      kept: ['/opt/wishlist/.keepsake-restore-a1b2c3d4/new'],
      hasCode: true,
    },
  }),
  GUARD_COMMAND_FAILED: entry<{ step: string; exitCode: number | null; endedBy: string }>({
    exit: ExitCode.failed,
    message: ({ step, exitCode, endedBy }) =>
      exitCode === null
        ? `"${step}" was ended by ${endedBy}`
        : `"${step}" ended with exit code ${exitCode}`,
    hint: () => 'What it said is above. The old state is brought back.',
    example: { step: 'pnpm prisma migrate', exitCode: 1, endedBy: '' },
  }),
  GUARD_DATABASE_BAD: entry<{ problems: readonly string[] }>({
    exit: ExitCode.failed,
    message: ({ problems }) => `a database is not sound afterwards: ${problems.join('; ')}`,
    hint: () => 'The old state is brought back.',
    example: { problems: ['/opt/wishlist/data/prod.db is empty'] },
  }),
  GUARD_COPY_FAILED: entry<{ path: string; why: string }>({
    exit: ExitCode.failed,
    message: ({ path, why }) => `${shown(path)} cannot be copied aside: ${why}`,
    hint: () =>
      'Nothing was changed, no command was run. Without a copy there is no way back: remove the cause, or run Keepsake as root.',
    example: { path: '/opt/wishlist/repo/.git/config', why: 'EACCES: permission denied, open' },
  }),
  GUARD_LINK_GONE: entry<{ path: string; target: string }>({
    exit: ExitCode.failed,
    message: ({ path, target }) =>
      `${shown(path)} was a link to ${shown(target)} and is something else now`,
    hint: ({ path, target }) =>
      `What the link led to is as before. Move ${shown(path)} away, type \`ln -s ${shown(target)} ${shown(path)}\`, then \`keepsake restore --undo\`.`,
    example: { path: '/opt/wishlist/current', target: 'releases/12' },
  }),
  GUARD_CUT_OFF: entry<{ app: string; kind: string; began: boolean }>({
    exit: ExitCode.failed,
    message: ({ app, kind, began }) =>
      began
        ? `the ${kind} of ${app} was cut off while its commands ran, and how far they got nobody knows`
        : `the ${kind} of ${app} was cut off before its first command`,
    hint: ({ kind }) =>
      `Nothing was changed by this command. Bring the old state back with \`keepsake restore --undo\`, then type the ${kind} again.`,
    example: { app: 'wishlist', kind: 'update', began: true },
  }),
  GUARD_NO_DATABASE: entry<{ app: string }>({
    exit: ExitCode.usage,
    message: ({ app }) => `which databases ${app} has is not known`,
    hint: () =>
      'Nothing was changed. Name them in `databases` in keepsake.yaml, or leave `--only database` out.',
    example: { app: 'wishlist' },
  }),
  ROLLBACK_CODE_GONE: entry<{
    app: string;
    kind: string;
    from: string | undefined;
    folder: string | undefined;
    snapshot: string;
  }>({
    exit: ExitCode.failed,
    message: ({ app, kind, from }) =>
      `the ${kind} of ${app} cannot be rolled back: the copies of the old code are gone${from === undefined ? '' : ` (it was commit ${from.slice(0, 12)})`}, and old data under newer code would be a mix`,
    hint: ({ from, folder, snapshot }) =>
      from === undefined
        ? `Nothing was changed. Install the old version by its own means, then \`keepsake restore ${snapshot.slice(0, 8)}\` brings its data back.`
        : `Nothing was changed. First the code: \`keepsake update ${from.slice(0, 12)}\` (if the old version does not run on the newer data, check it out in ${shown(folder ?? '')} and build it by hand). Then the data: \`keepsake restore ${snapshot.slice(0, 8)}\``,
    example: {
      app: 'wishlist',
      kind: 'update',
      from: '4f4ab0f7c2d1a09e8b7c6d5e4f3a2b1c0d9e8f7a',
      folder: '/opt/wishlist/repo',
      snapshot: 'a1b2c3d4e5f60718',
    },
  }),
  UPDATE_NO_CODE: entry<{ app: string; folder: string | undefined }>({
    exit: ExitCode.usage,
    message: ({ app, folder }) =>
      folder === undefined
        ? `where the code of ${app} is, the config does not say`
        : `${shown(folder)}, the code of ${app}, is no git checkout`,
    hint: ({ folder }) =>
      folder === undefined
        ? 'Nothing was changed. Set `code` of the app in keepsake.yaml; or, where another program updates it, protect that one: `keepsake guard -- COMMAND`'
        : "Nothing was changed. Protect the program that updates it: in the container of Proxmox's community scripts `keepsake guard -- update`",
    example: { app: 'wishlist', folder: '/opt/wishlist' },
  }),
  UPDATE_GIT_ELSEWHERE: entry<{ folder: string }>({
    exit: ExitCode.failed,
    message: ({ folder }) =>
      `${shown(folder)} is a work tree or submodule whose git folder is elsewhere: that would not go back with it`,
    hint: ({ folder }) =>
      `Nothing was changed. Put a clone of its own in its place (\`git clone\`). ${shown(`${folder}/.git`)} says where the git folder is.`,
    example: { folder: '/opt/wishlist/repo' },
  }),
  UPDATE_LOCAL_CHANGES: entry<{ folder: string; count: number; some: readonly string[] }>({
    exit: ExitCode.failed,
    message: ({ folder, count, some }) =>
      `${shown(folder)} has ${count} local change${count === 1 ? '' : 's'} that an update could lose: ${some.map(shown).join(', ')}${count > some.length ? ', …' : ''}`,
    hint: ({ folder }) =>
      `Nothing was changed. See \`git -C ${shown(folder)} diff\`; keep them with \`git -C ${shown(folder)} stash\` or throw them away with \`git -C ${shown(folder)} checkout -- .\``,
    example: { folder: '/opt/wishlist/repo', count: 2, some: ['package.json', 'src/app.html'] },
  }),
  UPDATE_REF_NEEDED: entry<{ folder: string; why: string; known: readonly string[] }>({
    exit: ExitCode.usage,
    message: ({ folder, why }) => `to which version ${shown(folder)} goes is not said, and ${why}`,
    hint: ({ known }) =>
      `Nothing was changed. Name one: \`keepsake update ${known[0] ?? 'REF'}\`${known.length > 1 ? `; there are also ${known.slice(1).join(', ')}.` : ''}`,
    example: {
      folder: '/opt/wishlist/repo',
      why: 'it is on no branch',
      known: ['v0.60.2', 'v0.60.1', 'main'],
    },
  }),
  UPDATE_REF_UNKNOWN: entry<{ ref: string; folder: string; known: readonly string[] }>({
    exit: ExitCode.usage,
    message: ({ ref, folder }) => `${shown(folder)} knows no branch, tag or commit "${ref}"`,
    hint: ({ known }) =>
      `Nothing was changed.${known.length === 0 ? '' : ` There are ${known.join(', ')}.`} \`git ls-remote\` lists all.`,
    example: { ref: 'v9', folder: '/opt/wishlist/repo', known: ['v0.60.2', 'main'] },
  }),
  UPDATE_NOT_FORWARD: entry<{ folder: string; branch: string; upstream: string }>({
    exit: ExitCode.failed,
    message: ({ folder, branch, upstream }) =>
      `branch ${branch} of ${shown(folder)} has commits that ${upstream} has not: it cannot simply be moved forward`,
    hint: ({ folder, upstream }) =>
      `Nothing was changed. See \`git -C ${shown(folder)} log ${upstream}..\`; a tag or commit can be named instead: \`keepsake update TAG\``,
    example: { folder: '/opt/wishlist/repo', branch: 'main', upstream: 'origin/main' },
  }),
  UPDATE_GIT_FAILED: entry<{ what: string; folder: string; why: string }>({
    exit: ExitCode.failed,
    message: ({ what, folder, why }) => `\`git ${what}\` in ${shown(folder)} failed: ${why}`,
    hint: ({ why }) =>
      `Nothing was changed; the app still runs.${why.includes('dubious ownership') ? ' Set `run-as` of the app in keepsake.yaml to the user that folder belongs to.' : ''}`,
    example: {
      what: 'fetch',
      folder: '/opt/wishlist/repo',
      why: 'fatal: unable to access the remote: Could not resolve host: github.com',
    },
  }),
};
