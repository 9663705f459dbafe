/** The programs that are compared, each with the commands of its acts. */
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { keepsakeArgv } from '../test/support/keepsake.ts';
import type { Command } from './measure.ts';

export type ToolName = 'restic' | 'keepsake' | 'borg' | 'tar';

/** Where one tool works in one round: all but the app is made anew for each. */
export interface Place {
  /** The app's folder, the same path for every tool. */
  readonly app: string;
  /** Everything of this round lies below it. */
  readonly round: string;
  readonly repository: string;
  /** Cache, state and home. */
  readonly home: string;
  readonly passwordFile: string;
  /** A fresh restic repository; restic and Keepsake both start from a copy, key file included. */
  readonly emptyRepository: string;
  /** Grows with every backup, for tools that name them. */
  serial: number;
}

export interface Tool {
  readonly name: ToolName;
  readonly version: readonly string[];
  /** Every backup of it is a full one: three rounds tell all, and none is needed for its memory. */
  readonly isSlow?: boolean;
  readonly writesResticFormat: boolean;
  /** Not measured. */
  prepare(place: Place): Command[];
  backup(place: Place): Command[];
  /** Of the newest backup, into a folder that is there and empty. */
  restore(place: Place, target: string): Command[];
  /** Reads every stored byte; absent where there is nothing comparable. */
  check?(place: Place): Command[];
  /** Below the target of a restore. */
  restoredApp(place: Place, target: string): string;
}

const restic: Tool = {
  name: 'restic',
  version: ['restic', 'version'],
  writesResticFormat: true,
  prepare: copyEmptyRepository,
  backup: (place) => [resticCommand(place, 'backup', '--quiet', place.app)],
  restore: (place, target) => [
    resticCommand(place, 'restore', '--quiet', 'latest', '--target', target),
  ],
  check: (place) => [resticCommand(place, 'check', '--quiet', '--read-data')],
  restoredApp: ({ app }, target) => join(target, app),
};

const keepsake: Tool = {
  name: 'keepsake',
  version: keepsakeArgv(['--version']),
  writesResticFormat: true,
  prepare: copyEmptyRepository,
  backup: (place) => [keepsakeCommand(place, 'backup', place.app)],
  restore: (place, target) => [keepsakeCommand(place, 'restore', 'latest', '--target', target)],
  check: (place) => [keepsakeCommand(place, 'check', '--read-data')],
  restoredApp: ({ app }, target) => join(target, app),
};

const borg: Tool = {
  name: 'borg',
  version: ['borg', '--version'],
  writesResticFormat: false,
  prepare: (place) => [borgCommand(place, ['init', '--encryption', 'repokey', place.repository])],
  backup: (place) => {
    place.serial += 1;
    const name = `${place.repository}::day-${place.serial}`;
    return [borgCommand(place, ['create', '--compression', 'zstd', name, place.app])];
  },
  restore: (place, target) => [
    borgCommand(place, ['extract', `${place.repository}::day-${place.serial}`], target),
  ],
  restoredApp: ({ app }, target) => join(target, app),
};

const tar: Tool = {
  name: 'tar',
  version: ['tar', '--version'],
  writesResticFormat: false,
  isSlow: true,
  prepare: (place) => {
    mkdirSync(place.repository, { recursive: true });
    return [];
  },
  backup: (place) => {
    place.serial += 1;
    const copy = join(place.home, 'prod.db');
    const archive = join(place.repository, `${place.serial}.tar.gz`);
    const app = ['-C', dirname(place.app), '--exclude', 'app/data', 'app'];
    return [
      { argv: ['rm', '-f', copy] },
      { argv: ['sqlite3', join(place.app, 'data', 'prod.db'), `.backup '${copy}'`] },
      { argv: ['tar', '-czf', archive, ...app, '-C', place.home, 'prod.db'] },
    ];
  },
  restore: (place, target) => [
    { argv: ['tar', '-xzf', join(place.repository, `${place.serial}.tar.gz`), '-C', target] },
    { argv: ['mkdir', join(target, 'app', 'data')] },
    { argv: ['mv', join(target, 'prod.db'), join(target, 'app', 'data', 'prod.db')] },
  ],
  restoredApp: (_, target) => join(target, 'app'),
};

export const tools: readonly Tool[] = [restic, keepsake, borg, tar];
export const keepsakeTool = keepsake;

/** Makes the repository that restic and Keepsake start from. */
export function initCommand(repository: string, passwordFile: string): Command {
  const home = `${repository}-home`;
  return resticCommand({ repository, passwordFile, home }, 'init', '--quiet');
}

function copyEmptyRepository(place: Place): Command[] {
  cpSync(place.emptyRepository, place.repository, { recursive: true });
  return [];
}

type Access = Pick<Place, 'repository' | 'passwordFile' | 'home'>;

function resticCommand(access: Access, ...args: string[]): Command {
  const { repository, passwordFile, home } = access;
  const argv = ['restic', '-r', repository, '--password-file', passwordFile, ...args];
  return { argv, env: { RESTIC_CACHE_DIR: join(home, 'restic-cache'), HOME: home } };
}

function keepsakeCommand(place: Place, ...args: string[]): Command {
  const { repository, passwordFile, home } = place;
  const argv = keepsakeArgv([
    '-r',
    repository,
    '--password-file',
    passwordFile,
    '--quiet',
    ...args,
  ]);
  const env = {
    HOME: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_STATE_HOME: join(home, 'state'),
  };
  return { argv, env };
}

function borgCommand(place: Place, args: readonly string[], cwd?: string): Command {
  const env = {
    BORG_BASE_DIR: place.home,
    BORG_PASSCOMMAND: `cat ${place.passwordFile}`,
    BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
  };
  return { argv: ['borg', ...args], env, ...(cwd === undefined ? {} : { cwd }) };
}
