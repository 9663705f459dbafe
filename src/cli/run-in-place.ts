/** What `restore` without a target does: plan, question, transaction, report. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { ChangeJournal } from '../operations/in-place/change-journal.ts';
import { openInPlaceRestore } from '../operations/in-place/in-place-restore.ts';
import { endUnfinished } from '../operations/in-place/resume-change.ts';
import { askYes } from './ask-yes.ts';
import type { CommandContext } from './command-context.ts';
import { followEvents } from './follow-events.ts';
import {
  knownPaths,
  machineOf,
  readInPlaceInput,
  repositoryOf,
  type InPlaceFlags,
} from './in-place-flags.ts';
import { InPlaceRenderer } from './render-in-place.ts';
import { printPlan } from './render-in-place-plan.ts';
import type { RunFacts } from './run-note.ts';

export async function restoreHere(
  context: CommandContext,
  wanted: string,
  flags: InPlaceFlags,
): Promise<ExitCode> {
  const { output } = context;
  if (flags.dryRun !== true) context.startRun('restore', { app: flags.app });
  const { workbench, machine, input } = await readInPlaceInput(context, wanted, flags);
  context.noteRun({ app: input.app.name });
  await using restore = await openInPlaceRestore(workbench, machine, input);
  printPlan(output, restore.plan);
  if (input.dryRun) {
    output.print('dry run: nothing was changed');
    return ExitCode.ok;
  }
  if (flags.yes !== true) await confirm(context, 'keepsake restore');
  const renderer = new InPlaceRenderer(output);
  const result = await followEvents(restore.run(), (event) => renderer.take(event));
  renderer.finish(result);
  const { stored, paths } = restore.plan;
  const sizeBytes = paths.reduce((sum, { comes }) => sum + (comes?.sizeBytes ?? 0), 0);
  const steps = [{ name: 'restore', durationMs: result.durationMs }];
  context.noteRun({ snapshotId: stored.id, sizeBytes, steps });
  return ExitCode.ok;
}

export async function endCutOff(
  context: CommandContext,
  direction: 'resume' | 'undo',
): Promise<ExitCode> {
  context.startRun(`restore --${direction}`);
  const settings = await context.settings();
  const workbench = context.workbench(settings);
  const renderer = new InPlaceRenderer(context.output);
  const events = endUnfinished(workbench, await machineOf(context), {
    direction,
    paths: await knownPaths(context),
    signal: context.signal,
    repositoryOf(journal) {
      // However it ends from here on.
      context.noteRun(factsOf(journal));
      return repositoryOf(context, workbench, journal);
    },
  });
  const result = await followEvents(events, (event) => renderer.take(event));
  renderer.finish(result);
  return ExitCode.ok;
}

/** Of the change that is ended or taken back. */
function factsOf({ app, source }: ChangeJournal): RunFacts {
  return { app: app.name, ...(source.kind === 'snapshot' && { snapshotId: source.id }) };
}

/** Throws `CHANGE_CONFIRM` where nobody can be asked, `CHANGE_DECLINED`. */
export async function confirm({ host, output }: CommandContext, command: string): Promise<void> {
  const answer = output.json ? undefined : await askYes(host, 'go on? [y/N] ');
  if (answer === undefined) throw new KeepsakeError('CHANGE_CONFIRM', { command });
  if (!answer) throw new KeepsakeError('CHANGE_DECLINED', {});
}
