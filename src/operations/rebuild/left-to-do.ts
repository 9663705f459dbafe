/** What a rebuild cannot do: said as exactly as it can be, in the order in which it is to be done. */
import { basename } from 'node:path';
import { quoteAll, quoteForShell } from '../../base/shell-quote.ts';
import {
  recoveryCommands,
  type RecoveryStep,
  type RecoveryStepName,
} from '../recovery/recovery-commands.ts';
import type { AccountProblem } from './plan-accounts.ts';
import type { PlannedCode, RebuildPlan, RebuildTask } from './rebuild-input.ts';

const DEFAULT_CONFIG = '/etc/keepsake/keepsake.yaml';
const COMPOSE_FILE = /^(?:docker-)?compose\.ya?ml$/;

/** How it went. */
export interface Done {
  readonly accountProblems: readonly AccountProblem[];
  /** systemd knows the unit that was brought. */
  readonly isReloaded: boolean;
}

export function leftToDo(plan: RebuildPlan, { accountProblems, isReloaded }: Done): RebuildTask[] {
  const { app, code } = plan;
  const isServed = code === undefined || code.isInBackup;
  return [
    ...accountTasks(plan, accountProblems),
    ...settingTasks(plan),
    ...(code === undefined ? [] : codeTasks(plan, code)),
    ...serviceTasks(plan, { isServed, isReloaded }),
    ...stepOf(plan, 'health').map(({ title, lines }) => ({
      what: `see that it answers. ${title}`,
      lines,
    })),
    keepsakeTask(plan),
    {
      what: `have \`keepsake backup --app ${app.name}\` run by itself again: timers and cron lines are not in a backup`,
      lines: [],
    },
  ];
}

function accountTasks(
  { app, paths, isRoot }: RebuildPlan,
  accountProblems: readonly AccountProblem[],
): RebuildTask[] {
  if (accountProblems.length === 0 && isRoot) return [];
  const owner = app.owner === undefined ? [] : [app.owner];
  const own = paths.map(({ path }) => path).filter((path) => isOf(path, app.root));
  return [
    {
      what: 'as root: make the users, and give the files to whom they belong',
      lines: [
        ...accountProblems.map(({ argv }) => quoteAll(argv)),
        ...owner.flatMap((name) => own.map((path) => quoteAll(['chown', '-Rh', name, path]))),
      ],
    },
  ];
}

/** A unit file elsewhere is not the app's. */
function isOf(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}

/** As the config has it, which may hold no password. */
function shownLocation({ location }: RebuildPlan): string {
  return location.replace(/:\/\/[^/@]*@/, '://');
}

function settingTasks(plan: RebuildPlan): RebuildTask[] {
  const { location, configuredLocation, config, stored, hostDiffers } = plan;
  const tasks: string[] = [];
  if (configuredLocation !== undefined && configuredLocation !== location) {
    tasks.push(
      `${config.path} says that the repository is ${configuredLocation}, this one was read from ${shownLocation(plan)}: mount it there, or correct the line`,
    );
  }
  if (hostDiffers) {
    tasks.push(
      `add \`host: ${stored.snapshot.hostname ?? ''}\` to ${config.path}, so that new backups go on with the old ones`,
    );
  }
  tasks.push(...passwordTask(plan));
  return tasks.map((what) => ({ what, lines: [] }));
}

function passwordTask({ password, config }: RebuildPlan): string[] {
  const { path = '', state } = password;
  switch (state) {
    case 'other':
      return [`${path} holds another password than the one that opened the repository: correct it`];
    case 'unfit':
      return [`the password begins or ends with white space and was not written to ${path}`];
    case 'command':
      return [`see that the \`password-command\` of ${config.path} works on this machine`];
    case 'none':
      return [`${config.path} names no password file: give the password as on the other machine`];
    case 'write':
    case 'same':
    case 'comes':
      return [];
  }
}

function codeTasks({ app }: RebuildPlan, code: PlannedCode): RebuildTask[] {
  const { folder, isInBackup, build, version } = code;
  const as = runAs(app.runAs ?? app.owner?.split(':')[0]);
  const building = build.map((argv) => `(cd ${quoteForShell(folder)} && ${quoteAll(as(argv))})`);
  const buildTask = { what: 'its dependencies, and the build', lines: building };
  const buildTasks = building.length === 0 ? [] : [buildTask];
  if (isInBackup) return buildTasks;
  const was = version === undefined ? '' : `, version ${version}`;
  const what = `the app's code${was}, which is not in the backup: into ${folder}. A newer version may change the database when it starts`;
  const lines = checkoutLines(code, as).map(quoteAll);
  return [{ what, lines }, ...buildTasks];
}

function checkoutLines(
  { folder, holdsFiles, origin, commit }: PlannedCode,
  as: (argv: readonly string[]) => string[],
): string[][] {
  if (origin === undefined) return [];
  const git = (...args: string[]) => as(['git', '-C', folder, ...args]);
  const clone = holdsFiles
    ? [git('init', '-q'), git('remote', 'add', 'origin', origin), git('fetch', '-q', 'origin')]
    : [as(['git', 'clone', '-q', origin, folder])];
  return [...clone, git('checkout', '-q', commit ?? 'origin/HEAD')];
}

function runAs(user: string | undefined): (argv: readonly string[]) => string[] {
  if (user === undefined || user === 'root') return (argv) => [...argv];
  return (argv) => ['runuser', '-u', user, '--', ...argv];
}

function serviceTasks(
  plan: RebuildPlan,
  { isServed, isReloaded }: { isServed: boolean; isReloaded: boolean },
): RebuildTask[] {
  const { app, unitFile } = plan;
  const when = isServed ? 'start the app' : 'when the code is there: start the app';
  const { systemd, docker } = app.service ?? {};
  if (systemd !== undefined) {
    const enable = quoteAll(['systemctl', 'enable', '--now', systemd]);
    const lines = isReloaded ? [enable] : ['systemctl daemon-reload', enable];
    if (unitFile !== undefined) return [{ what: when, lines }];
    const what = `${when}; the file of ${systemd} was not in the backup and must be made first (add it to \`files\` in ${plan.config.path})`;
    return [{ what, lines }];
  }
  if (docker === undefined) {
    return stepOf(plan, 'start').map(({ lines }) => ({ what: when, lines }));
  }
  const compose = plan.paths.find(({ path }) => COMPOSE_FILE.test(basename(path)));
  const what = `make and start the container ${docker}, which is not in the backup`;
  const line = ['docker', 'compose', '-f', compose?.path ?? '', 'up', '-d'];
  return [{ what, lines: compose === undefined ? [] : [quoteAll(line)] }];
}

/** As on the recovery sheet. */
function stepOf({ app, stored, location }: RebuildPlan, name: RecoveryStepName): RecoveryStep[] {
  const { hostname = '' } = stored.snapshot;
  const subject = { app, hostname, location, passwordFile: '' };
  return recoveryCommands(subject).filter((step) => step.name === name);
}

function keepsakeTask(plan: RebuildPlan): RebuildTask {
  const { app, config, configuredLocation } = plan;
  const keepsake = [
    'keepsake',
    ...(config.path === DEFAULT_CONFIG ? [] : ['-c', config.path]),
    ...(configuredLocation === undefined ? ['-r', shownLocation(plan)] : []),
  ];
  return {
    what: 'see that Keepsake finds all, make the first backup, and print the sheet for the drawer',
    lines: [
      ['config', 'check'],
      ['backup', '--app', app.name],
      ['recovery-sheet', '--app', app.name],
    ].map((args) => quoteAll([...keepsake, ...args])),
  };
}
