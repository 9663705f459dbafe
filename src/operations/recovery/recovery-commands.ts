/**
 * The way back by stock restic, as steps of shell lines: the recovery sheet prints them, a drill runs
 * them as printed but for its own places (`rehearsed-commands.ts`) and its own stop and start.
 *
 * Each line may be typed by itself, or all of them run by `sh -eu`, where the first that fails ends
 * it. Nothing is deleted: what was there is in `$TARGET.old`.
 */
import { dirname } from 'node:path';
import { quoteAll, quoteForShell } from '../../base/shell-quote.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';

export type RecoveryStepName =
  | 'access'
  | 'look'
  | 'target'
  | 'stop'
  | 'aside'
  | 'restore'
  | 'place'
  | 'owner'
  | 'start'
  | 'health';

export interface RecoveryStep {
  readonly name: RecoveryStepName;
  /** For people: what it does, and what to look out for. */
  readonly title: string;
  /** For `sh`; none where there is nothing to do. */
  readonly lines: readonly string[];
}

export interface RecoverySubject {
  readonly app: ResolvedApp;
  /** Of the snapshots. */
  readonly hostname: string;
  /** As restic takes it. */
  readonly location: string;
  /** Where the password lies, or is to be written. */
  readonly passwordFile: string;
  /** The values of the app's environment may be read by whoever reads the lines. */
  readonly showsEnvironment?: boolean | undefined;
  /** Absent: what is printed. */
  readonly rehearsal?: RehearsalPlaces | undefined;
}

/** What a drill has in place of what is printed. */
export interface RehearsalPlaces {
  /** Where restic writes to. */
  readonly target: string;
  /** Stands for `/`. */
  readonly into: string;
  /** The one that is drilled. */
  readonly snapshot: string;
}

/**
 * The drill holds a lock of its own; one of a restic that is killed with it would stay for whoever
 * comes next, and a read-only store takes none.
 */
const REHEARSED = ' --no-lock';

const SYSTEMD_FOLDER = '/etc/systemd/system/';
/** A browser tab left open keeps Wishlist from ending for 31 s; docker's own limit is 10 s. */
const DOCKER_STOP_SECONDS = 60;
const LINE_LENGTH = 70;

export function recoveryCommands(subject: RecoverySubject): RecoveryStep[] {
  const { app } = subject;
  return [
    ...accessSteps(subject),
    ...swapSteps(subject),
    step('owner', `To whom the files belong: ${app.owner ?? 'as in the snapshot'}`, owner(app)),
    step('start', 'Start the app', [...reload(app), ...serviceLines(subject, 'start')]),
    step('health', healthTitle(app), health(app)),
  ].filter(({ lines }) => lines.length > 0);
}

function accessSteps(subject: RecoverySubject): RecoveryStep[] {
  const { app, location, passwordFile, rehearsal } = subject;
  const look = `restic snapshots --tag ${quoteForShell(`app:${app.name}`)}`;
  return [
    step('access', 'The repository, and a file that holds its password and nothing else', [
      `export RESTIC_REPOSITORY=${quoteForShell(location)}`,
      `export RESTIC_PASSWORD_FILE=${quoteForShell(passwordFile)}`,
    ]),
    step('look', 'What there is: look at the time and the tags of the last one', [
      rehearsal === undefined ? look : look + REHEARSED,
    ]),
    step('target', 'Where restic writes to: a new folder with room, never /', [
      `TARGET=${quoteForShell(rehearsal?.target ?? targetOf(app))}`,
      rehearsal === undefined
        ? "INTO=''   # leave it empty; a folder, to rehearse there (no stop, no start)"
        : `INTO=${quoteForShell(rehearsal.into)}`,
      'umask 022; mkdir -m 700 "$TARGET" "$TARGET.old"',
    ]),
  ];
}

/** Beside the app, so that moving the files is only a change of names. */
function targetOf({ root }: ResolvedApp): string {
  return dirname(root) === root ? '/var/tmp/keepsake-restored' : `${root}.restored`;
}

function swapSteps(subject: RecoverySubject): RecoveryStep[] {
  const { app, hostname, rehearsal } = subject;
  const { paths, optionalPaths } = app;
  const needed = paths.filter((path) => !optionalPaths.includes(path));
  const choice = `--tag ${quoteForShell(`app:${app.name}`)} --host ${quoteForShell(hostname)}`;
  return [
    step('stop', 'Stop the app (on an empty machine there is none)', serviceLines(subject, 'stop')),
    step('aside', 'Old files aside, with -wal, -shm and -journal: they would undo the restore', [
      ...loopOver(needed),
      '  for old in "$path" "$path-wal" "$path-shm" "$path-journal"; do',
      ...moveAside('    ', 'old'),
      '  done',
      'done',
    ]),
    step('restore', 'Restore (or, with an id instead: restic restore ID --target "$TARGET")', [
      rehearsal === undefined
        ? `restic restore latest ${choice} --target "$TARGET"`
        : `restic restore ${rehearsal.snapshot} --target "$TARGET"${REHEARSED}`,
    ]),
    step('place', 'Move the restored files into place', [
      ...forEach(needed, moveIn('  ')),
      ...forEach(optionalPaths, [
        '  if [ -e "$TARGET$path" ]; then',
        ...moveAside('    ', 'path'),
        ...moveIn('    '),
        '  fi',
      ]),
    ]),
  ];
}

function forEach(paths: readonly string[], body: readonly string[]): string[] {
  return paths.length === 0 ? [] : [...loopOver(paths), ...body, 'done'];
}

/** One path a line where they would not fit a printed one. */
function loopOver(paths: readonly string[]): string[] {
  const words = quoteAll(paths);
  if (words.length <= LINE_LENGTH) return [`for path in ${words}; do`];
  const last = paths.length - 1;
  const end = (at: number): string => (at === last ? '; do' : ' \\');
  return ['for path in \\', ...paths.map((path, at) => `    ${quoteForShell(path)}${end(at)}`)];
}

/** A link counts as well as what it leads to. */
function moveAside(indent: string, variable: string): string[] {
  const name = `$INTO$${variable}`;
  return [
    `${indent}if [ -e "${name}" ] || [ -L "${name}" ]; then`,
    `${indent}  mkdir -p "$TARGET.old\${path%/*}"; mv "${name}" "$TARGET.old\${path%/*}/"`,
    `${indent}fi`,
  ];
}

/** `-T`: never into a folder that an app, started too early, has made there again. */
function moveIn(indent: string): string[] {
  return [`${indent}mkdir -p "$INTO\${path%/*}"; mv -T "$TARGET$path" "$INTO$path"`];
}

/** Of what lies in the app's folder: a unit file or a version file elsewhere is not the app's. */
function owner({ owner: name, root, paths }: ResolvedApp): string[] {
  if (name === undefined) return [];
  const own = paths.filter((path) => path === root || path.startsWith(`${root}/`));
  const change = `chown -Rh ${quoteForShell(name)} "$INTO$path"`;
  return forEach(own, [`  if [ -e "$INTO$path" ]; then ${change}; fi`]);
}

function reload({ paths, service }: ResolvedApp): string[] {
  const hasUnit = paths.some((path) => path.startsWith(SYSTEMD_FOLDER));
  return hasUnit && service?.systemd !== undefined ? ['systemctl daemon-reload'] : [];
}

function serviceLines(subject: RecoverySubject, verb: 'stop' | 'start'): string[] {
  const { app } = subject;
  const { systemd, docker, commands } = app.service ?? {};
  if (systemd !== undefined) return [`systemctl ${verb} ${quoteForShell(systemd)}`];
  if (docker !== undefined) {
    const limit = verb === 'stop' ? ` --time ${DOCKER_STOP_SECONDS}` : '';
    return [`docker ${verb}${limit} ${quoteForShell(docker)}`];
  }
  if (commands !== undefined) {
    const user = app.runAs === undefined ? [] : ['runuser', '-u', app.runAs, '--'];
    const command = quoteAll([...user, ...commands[verb]]);
    const folder = `cd ${quoteForShell(app.workingDirectory)}`;
    return [`(${[folder, ...exported(subject), command].join(' && ')})`];
  }
  return [`: ${verb} the app yourself now, Keepsake was not told how`];
}

/** `export` is the shell's own: no value is seen among the arguments of a program. */
function exported({ app, showsEnvironment }: RecoverySubject): string[] {
  const values = Object.entries(app.environment).map(([name, value]) =>
    showsEnvironment === true
      ? `${name}=${quoteForShell(value)}`
      : `${name}="\${${name}:?set it first, see environment in keepsake.yaml}"`,
  );
  return values.length === 0 ? [] : [`export ${values.join(' ')}`];
}

function healthTitle({ health: check }: ResolvedApp): string {
  const bad = (check?.not ?? []).map(
    ({ status, location, means }) =>
      `${status}${location === undefined ? '' : ` to ${location}`}: ${means}`,
  );
  return [`Well when it prints ${check?.status ?? 200}`, ...bad].join('; ');
}

function health({ health: check }: ResolvedApp): string[] {
  if (check === undefined) return [];
  return [
    'curl -sS -o /dev/null --retry 30 --retry-delay 2 --retry-connrefused \\',
    String.raw`    -w '%{http_code} %{redirect_url}\n' ${quoteForShell(check.url)}`,
  ];
}

function step(name: RecoveryStepName, title: string, lines: readonly string[]): RecoveryStep {
  return { name, title, lines };
}
