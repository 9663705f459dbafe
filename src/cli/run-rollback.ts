/** What `rollback` does: says what will be lost, asks, takes the last change back. */
import { ExitCode } from '../base/exit-code.ts';
import { openRollback, type RollbackPlan } from '../operations/in-place/rollback.ts';
import type { CommandContext } from './command-context.ts';
import { followEvents } from './follow-events.ts';
import { knownPaths, machineOf, readInPlaceInput, repositoryOf } from './in-place-flags.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { InPlaceRenderer } from './render-in-place.ts';
import { printPlan } from './render-in-place-plan.ts';
import { confirm } from './run-in-place.ts';

export interface RollbackFlags {
  readonly app?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export async function rollBack(context: CommandContext, flags: RollbackFlags): Promise<ExitCode> {
  const { output, signal } = context;
  if (flags.dryRun !== true) context.startRun('rollback', { app: flags.app });
  const workbench = context.workbench(await context.settings());
  await using rollback = await openRollback(workbench, await machineOf(context), {
    paths: await knownPaths(context),
    app: flags.app,
    dryRun: flags.dryRun === true,
    async restoreOf(app) {
      const { input } = await readInPlaceInput(context, 'latest', {
        app,
        host: [],
        tag: [],
        path: [],
      });
      return input;
    },
    repositoryOf: (journal) => repositoryOf(context, workbench, journal),
    signal,
  });
  const { app, restore } = rollback.plan;
  context.noteRun({ app, snapshotId: restore?.stored.id });
  printRollback(output, rollback.plan);
  if (flags.dryRun === true) {
    output.print('dry run: nothing was changed');
    return ExitCode.ok;
  }
  if (flags.yes !== true) await confirm(context, 'keepsake rollback');
  const renderer = new InPlaceRenderer(output);
  const result = await followEvents(rollback.run(), (event) => renderer.take(event));
  renderer.finish(result);
  return ExitCode.ok;
}

function printRollback(output: Output, plan: RollbackPlan): void {
  const { app, kind, endedAt, part, aside, restore } = plan;
  output.emit({ message_type: 'rollback', app, kind, ended: endedAt, part, aside });
  output.print(`rollback of the ${kind} of ${app} that ended ${localTime(endedAt)}`);
  for (const { from, to } of aside ?? []) {
    output.print(`replace   ${showName(to)} by what stood there, kept in ${showName(from)}`);
  }
  if (restore !== undefined) printPlan(output, restore);
  output.print(
    output.style(
      'yellow',
      `warning: what was written since ${localTime(endedAt)} goes with it; it stays in a restore point of its own`,
    ),
  );
}
