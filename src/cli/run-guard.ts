/** What `guard` and `update` do: plan, run, report. Nobody is asked: the command is the wish. */
import { describeCause, isKeepsakeError, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { ResolvedApp } from '../config/resolve-app.ts';
import { commitOf } from '../operations/in-place/code-checkout.ts';
import { findLeftovers } from '../operations/in-place/find-leftovers.ts';
import { openGuard } from '../operations/in-place/guard.ts';
import type { GuardInput, GuardPlan } from '../operations/in-place/guard-input.ts';
import { accountOf, nameOfCommand, stepRunner } from '../operations/in-place/run-steps.ts';
import type { CommandContext } from './command-context.ts';
import { configuredApp } from './configured-app.ts';
import { followEvents } from './follow-events.ts';
import { machineOf, readAppBackup } from './in-place-flags.ts';
import { renderError } from './render-error.ts';
import { GuardRenderer, leftoverLine, printGuardPlan } from './render-guard.ts';

export interface GuardFlags {
  readonly app?: string;
  readonly only?: string;
  readonly runAs?: string;
  readonly cwd?: string;
  readonly dryRun?: boolean;
}

export async function guardCommand(
  context: CommandContext,
  argv: readonly string[],
  flags: GuardFlags,
): Promise<ExitCode> {
  if (flags.dryRun !== true) context.startRun('guard', { app: flags.app });
  const need = 'to go back the app must be known';
  const app = await configuredApp(context, flags.app, { command: 'keepsake guard', need });
  const workingFolder = flags.cwd === undefined ? app.workingDirectory : context.path(flags.cwd);
  const step = { name: nameOfCommand(argv), argv, workingFolder };
  return runProtected(context, {
    app,
    kind: 'guard',
    part: partOf(flags),
    runAs: flags.runAs ?? app.runAs,
    dryRun: flags.dryRun === true,
    choose: () => Promise.resolve({ steps: [step] }),
  });
}

function partOf({ only }: GuardFlags): GuardInput['part'] {
  if (only === undefined) return 'all';
  if (only === 'database') return only;
  const problem = `"${only}" cannot be protected alone; there is: database`;
  throw new KeepsakeError('SETTING_INVALID', { name: '--only', problem });
}

export interface ProtectedRun extends Pick<
  GuardInput,
  'app' | 'kind' | 'part' | 'dryRun' | 'choose'
> {
  readonly runAs: string | undefined;
}

/** Its exit code is 0, 1, or 2 for wrong flags and config, whatever the command's was. */
export async function runProtected(context: CommandContext, run: ProtectedRun): Promise<ExitCode> {
  const { output, host, signal } = context;
  const { app, kind, runAs, dryRun } = run;
  context.noteRun({ app: app.name });
  const workbench = context.workbench(await context.settings());
  const { environment, workbench: own } = host;
  const { clock } = own;
  const terminal = output.json ? 2 : 1;
  const account = accountOf(runAs);
  const input: GuardInput = {
    ...run,
    run: stepRunner(app, { clock, environment, terminal, runAs }),
    commitOf: (folder) => commitOf({ folder, clock, environment, account, app, signal }),
    backup: await readAppBackup(context, app.name),
    signal,
  };
  const renderer = new GuardRenderer(output, clock);
  try {
    await using guard = await openGuard(workbench, await machineOf(context), input);
    if (guard.plan === undefined) return ExitCode.ok;
    printGuardPlan(output, guard.plan);
    if (dryRun) {
      output.print('dry run: nothing was changed');
      return ExitCode.ok;
    }
    const result = await followEvents(guard.run(), (event) => renderer.take(event));
    renderer.finish(result);
    tellLeftovers(context, app, guard.plan);
    const { restorePoint } = result.journal;
    const snapshotId = restorePoint?.kind === 'snapshot' ? restorePoint.id : undefined;
    context.noteRun({ snapshotId, steps: renderer.steps });
    return ExitCode.ok;
  } catch (error) {
    renderer.fail(app, kind);
    // It never began: somebody else is at work.
    const isSkipped = isKeepsakeError(error, 'CHANGE_UNDER_WAY', 'CHANGE_UNFINISHED');
    const outcome = isSkipped ? 'skipped' : 'failed';
    context.noteRun({ outcome, reason: describeCause(error), steps: renderer.steps });
    const code = renderError(output, error, context.options.debug === true);
    return code === ExitCode.usage ? code : ExitCode.failed;
  }
}

/** Those that the plan did not name, and those that grew. */
function tellLeftovers(
  { output }: CommandContext,
  { root, databases }: ResolvedApp,
  plan: GuardPlan,
): void {
  const known = new Map(plan.leftovers.map(({ path, sizeBytes }) => [path, sizeBytes]));
  const found = findLeftovers({ root, databases });
  const isNew = found.filter(({ path, sizeBytes }) => known.get(path) !== sizeBytes);
  for (const leftover of isNew) output.notice(leftoverLine(leftover));
}
