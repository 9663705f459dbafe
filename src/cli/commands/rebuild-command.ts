import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import type { RebuildInput } from '../../operations/rebuild/rebuild-input.ts';
import { askYes } from '../ask-yes.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import { followEvents } from '../follow-events.ts';
import { collect, readingInput } from '../snapshot-flags.ts';

interface RebuildFlags {
  readonly app?: string;
  readonly host: readonly string[];
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export const defineRebuild: DefineCommand = (program, run) => {
  program
    .command('rebuild')
    .description('on an empty machine: bring back config, app data, owner and service unit')
    .argument('[snapshot]', 'an id or its beginning; default: the latest complete one', 'latest')
    .option('--app <name>', 'the app, when the repository holds several')
    .option('-H, --host <name>', 'only snapshots of this host (repeatable)', collect, [])
    .option('-y, --yes', 'do not ask')
    .option('-n, --dry-run', 'show the plan, change nothing')
    .addHelpText('after', exitStatusHelp({ also: [ExitCode.partial, ExitCode.verification] }))
    .action((wanted: string, flags: RebuildFlags, self) =>
      run(self, (context) => rebuild(context, wanted, flags)),
    );
};

async function rebuild(
  context: CommandContext,
  wanted: string,
  flags: RebuildFlags,
): Promise<ExitCode> {
  const { app, host: hosts, dryRun = false } = flags;
  if (!dryRun) context.startRun('rebuild', { app });
  const { openRebuild } = await import('../../operations/rebuild/rebuild.ts');
  const { rebuildMachine } = await import('../../operations/rebuild/rebuild-machine.ts');
  const { printRebuildPlan } = await import('../render-rebuild-plan.ts');
  const { RebuildRenderer } = await import('../render-rebuild.ts');
  const { output, host } = context;
  const { workbench, reading } = await readingInput(context);
  const { state } = await context.settings();
  const machine = rebuildMachine({
    stateFolder: context.path(state),
    clock: workbench.clock,
    environment: host.environment,
  });
  const input: RebuildInput = { ...reading, wanted, filter: { app, hosts }, dryRun };
  await using planned = await openRebuild(workbench, machine, input);
  printRebuildPlan(output, planned.plan);
  if (dryRun) {
    output.print('dry run: nothing was changed');
    return ExitCode.ok;
  }
  if (flags.yes !== true) await confirm(context);
  const renderer = new RebuildRenderer(output, planned.plan);
  const result = await followEvents(planned.run(), (event) => renderer.take(event));
  renderer.finish(result);
  const { fileCount, sizeBytes, durationMs, problems } = result;
  context.noteRun({
    app: planned.plan.app.name,
    snapshotId: planned.plan.stored.id,
    fileCount,
    sizeBytes,
    steps: [{ name: 'rebuild', durationMs }],
    ...(problems.length > 0 && { reason: problems.join('; ') }),
  });
  return problems.length > 0 ? ExitCode.partial : ExitCode.ok;
}

/** Throws `REBUILD_CONFIRM` where nobody can be asked, `CHANGE_DECLINED`. */
async function confirm({ host, output }: CommandContext): Promise<void> {
  const answer = output.json ? undefined : await askYes(host, 'go on? [y/N] ');
  if (answer === undefined) throw new KeepsakeError('REBUILD_CONFIRM', {});
  if (!answer) throw new KeepsakeError('CHANGE_DECLINED', {});
}
