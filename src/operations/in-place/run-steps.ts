/** Runs a guard's commands as the app's user, in the hands of whoever sits at the terminal. */
import { basename } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { ResolvedApp } from '../../config/resolve-app.ts';
import { requireAccount, type Account } from '../../host/accounts.ts';
import { appEnvironment, type Environment } from '../../host/command-environment.ts';
import { runCommand } from '../../host/run-command.ts';
import type { GuardWork } from './guard-input.ts';

const MOST_WORDS = 3;

export interface StepHost {
  readonly clock: Clock;
  /** Keepsake's own. */
  readonly environment: Environment;
  /** Where what the commands say goes: stdout, or stderr where that is kept for us. */
  readonly terminal: 1 | 2;
  /** Absent: whoever runs Keepsake. */
  readonly runAs?: string | undefined;
}

/** They end with Keepsake, however that ends: what takes a guard back must be alone. */
export function stepRunner(
  { environment: own }: Pick<ResolvedApp, 'environment'>,
  { clock, environment, terminal, runAs }: StepHost,
): GuardWork['run'] {
  const account = accountOf(runAs);
  return async ({ argv, workingFolder }, { signal }) =>
    runCommand(argv, {
      clock,
      environment: appEnvironment(environment, account, own),
      workingFolder,
      runAs: account,
      terminal,
      tied: true,
      endedBy: 'SIGINT',
      signal,
    });
}

/** Throws `HOST_USER_UNKNOWN`. */
export function accountOf(user: string | undefined): Account | undefined {
  return user === undefined ? undefined : requireAccount(user);
}

/** The program, and the first words that are plain ones: settings and what follows may be secret. */
export function nameOfCommand([program = '', ...args]: readonly string[]): string {
  const words: string[] = [];
  for (const word of args) {
    if (words.length === MOST_WORDS || !/^[a-z][\w.:/-]{0,39}$/i.test(word)) break;
    words.push(word);
  }
  return [basename(program), ...words].join(' ');
}
