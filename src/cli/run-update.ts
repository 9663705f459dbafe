/** What `update` does: chooses the version, and runs git, build and migration under guard. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { ExitCode } from '../base/exit-code.ts';
import type { CodeConfig } from '../config/app-parts-schema.ts';
import type { ResolvedApp } from '../config/resolve-app.ts';
import {
  holdsGitFolder,
  isCheckout,
  planUpdate,
  type CodeUpdate,
} from '../operations/in-place/code-checkout.ts';
import type { GuardChoice } from '../operations/in-place/guard-input.ts';
import { accountOf, nameOfCommand } from '../operations/in-place/run-steps.ts';
import type { CommandContext } from './command-context.ts';
import { configuredApp } from './configured-app.ts';
import { count } from './phrases.ts';
import { runProtected } from './run-guard.ts';

export interface UpdateFlags {
  readonly app?: string;
  readonly dryRun?: boolean;
}

export async function updateCommand(
  context: CommandContext,
  ref: string | undefined,
  flags: UpdateFlags,
): Promise<ExitCode> {
  if (flags.dryRun !== true) context.startRun('update', { app: flags.app });
  const need = 'what is updated, and how, must be known';
  const app = await configuredApp(context, flags.app, { command: 'keepsake update', need });
  const code = requireCheckout(app);
  return runProtected(context, {
    app,
    kind: 'update',
    part: 'all',
    runAs: app.runAs,
    dryRun: flags.dryRun === true,
    choose: () => chooseVersion(context, { app, code, ref }),
  });
}

function requireCheckout({ name, code }: ResolvedApp): CodeConfig {
  if (code === undefined || !isCheckout(code.folder)) {
    throw new KeepsakeError('UPDATE_NO_CODE', { app: name, folder: code?.folder });
  }
  const { folder } = code;
  if (!holdsGitFolder(folder)) throw new KeepsakeError('UPDATE_GIT_ELSEWHERE', { folder });
  return code;
}

async function chooseVersion(
  { output, host, signal }: CommandContext,
  { app, code, ref }: { app: ResolvedApp; code: CodeConfig; ref: string | undefined },
): Promise<GuardChoice | undefined> {
  const { environment, workbench } = host;
  const account = accountOf(app.runAs);
  const { folder } = code;
  const checkout = { folder, app, clock: workbench.clock, environment, account, signal };
  const update = await planUpdate(checkout, ref, { warn: (text) => output.notice(text) });
  if (update === undefined) {
    const version = ref ?? 'what its branch follows';
    output.emit({
      message_type: 'summary',
      outcome: 'nothing to do',
      app: app.name,
      kind: 'update',
    });
    output.print(`nothing to do: the code of ${app.name} is at ${version} already`);
    return undefined;
  }
  return choiceOf(update, code);
}

function choiceOf(
  { from, to, commitCount, steps }: CodeUpdate,
  { folder, build, migrate }: CodeConfig,
): GuardChoice {
  const all = [...steps, ...build, ...migrate];
  return {
    version: `${from} -> ${to}${commitCount === 0 ? '' : `, ${count(commitCount, 'commit')}`}`,
    steps: all.map((argv) => ({ name: nameOfCommand(argv), argv, workingFolder: folder })),
  };
}
