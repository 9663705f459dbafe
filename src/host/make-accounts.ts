/**
 * Makes users and groups as they were on another machine, by the programs of shadow-utils.
 *
 * Source: useradd(8), groupadd(8) of shadow 4.13. `--system` makes no home folder and no aging of the
 * password, which stays locked; a number that is given need not lie in the range for system accounts.
 */
import type { Clock } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { accountTables, type AccountTables } from './accounts.ts';
import { withoutSecrets, type Environment } from './command-environment.ts';
import { runCommand } from './run-command.ts';

export interface NewGroup {
  readonly name: string;
  /** Absent: the next one that is free. */
  readonly gid: number | undefined;
}

export interface NewUser {
  readonly name: string;
  /** Absent: the next one that is free. */
  readonly uid: number | undefined;
  /** Its own group, which exists; absent: one of its own name is made. */
  readonly group: string | undefined;
  readonly home: string;
  readonly shell: string;
}

export interface AccountMaker {
  /** As they are now. */
  readonly tables: () => AccountTables;
  /** Throws `HOST_ACCOUNT_NOT_MADE`, `HOST_PROGRAM_FAILED`. */
  readonly make: (argv: readonly string[]) => Promise<void>;
}

const LIMIT_MS = 60_000;

export function groupaddArgv({ name, gid }: NewGroup): string[] {
  return ['groupadd', '--system', ...(gid === undefined ? [] : ['--gid', String(gid)]), name];
}

export function useraddArgv({ name, uid, group, home, shell }: NewUser): string[] {
  return [
    'useradd',
    '--system',
    '--no-create-home',
    ...(uid === undefined ? [] : ['--uid', String(uid)]),
    ...(group === undefined ? ['--user-group'] : ['--gid', group]),
    '--home-dir',
    home,
    '--shell',
    shell,
    name,
  ];
}

export function accountMaker(host: { clock: Clock; environment: Environment }): AccountMaker {
  return {
    tables: accountTables,
    async make(argv) {
      const environment = withoutSecrets(host.environment);
      // `su` without `-` leaves root the PATH of a user.
      const PATH = `${environment['PATH'] ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`;
      const { exitCode, lastLines } = await runCommand(argv, {
        clock: host.clock,
        environment: { ...environment, PATH, LC_ALL: 'C.UTF-8' },
        limitMs: LIMIT_MS,
      });
      if (exitCode === 0) return;
      const said = lastLines.at(-1)?.replace(/\.$/, '');
      const reason = said ?? `it ended with exit code ${exitCode ?? 'none (killed)'}`;
      throw new KeepsakeError('HOST_ACCOUNT_NOT_MADE', { name: argv.at(-1) ?? '', reason });
    },
  };
}
