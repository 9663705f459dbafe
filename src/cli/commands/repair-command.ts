import { ExitCode } from '../../base/exit-code.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import { repositoryInput } from '../repository-input.ts';

interface IndexFlags {
  readonly readData?: boolean;
  readonly dryRun?: boolean;
}

interface SnapshotsFlags {
  readonly forget?: boolean;
  readonly dryRun?: boolean;
}

export const defineRepair: DefineCommand = (program, run) => {
  const repair = program
    .command('repair')
    .description('mend a damaged repository: index first')
    .addHelpText('after', exitStatusHelp());
  repair
    .command('index')
    .description('make the index name exactly the packs that are there and whole')
    .option('--read-data', 'read every pack, to find damage inside packs, too')
    .option('-n, --dry-run', 'only say what would be done')
    .addHelpText('after', exitStatusHelp({}))
    .action((flags: IndexFlags, command) => run(command, (context) => repairIndex(context, flags)));
  repair
    .command('snapshots')
    .description('write hurt snapshots anew, without what is lost; they are tagged “damaged”')
    .argument('[snapshot...]', 'only these; all without')
    .option('--forget', 'remove the hurt snapshots that were written anew')
    .option('-n, --dry-run', 'only say what would be done')
    .addHelpText('after', exitStatusHelp({}))
    .action((ids: string[], flags: SnapshotsFlags, command) =>
      run(command, (context) => repairSnapshots(context, ids, flags)),
    );
};

async function repairIndex(context: CommandContext, flags: IndexFlags): Promise<ExitCode> {
  const operation = await import('../../operations/repair-index.ts');
  const { renderIndexRepair } = await import('../render-repair.ts');
  const dryRun = flags.dryRun === true;
  const { workbench, input } = await repositoryInput(context);
  const readData = flags.readData === true;
  const events = operation.repairIndex(workbench, { ...input, readData, dryRun });
  for await (const event of events) renderIndexRepair(context.output, event, dryRun);
  return ExitCode.ok;
}

async function repairSnapshots(
  context: CommandContext,
  ids: readonly string[],
  flags: SnapshotsFlags,
): Promise<ExitCode> {
  const operation = await import('../../operations/repair-snapshots.ts');
  const { SnapshotRepairRenderer } = await import('../render-repair.ts');
  const [dryRun, forget] = [flags.dryRun === true, flags.forget === true];
  const { workbench, input } = await repositoryInput(context);
  const renderer = new SnapshotRepairRenderer(context.output, dryRun);
  const events = operation.repairSnapshots(workbench, { ...input, ids, forget, dryRun });
  for await (const event of events) renderer.take(event);
  return renderer.finish() ? ExitCode.ok : ExitCode.failed;
}
