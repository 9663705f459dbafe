import { ExitCode } from '../../base/exit-code.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';

interface UnlockFlags {
  readonly removeAll?: boolean;
  readonly dryRun?: boolean;
}

export const defineUnlock: DefineCommand = (program, run) => {
  program
    .command('unlock')
    .description('remove locks that are older than 30 minutes or whose process is gone')
    .option('--remove-all', 'remove all locks, also of processes that still work')
    .option('-n, --dry-run', 'only say what would go')
    .addHelpText('after', exitStatusHelp({ locks: false }))
    .action((flags: UnlockFlags, command) => run(command, (context) => unlock(context, flags)));
};

async function unlock(context: CommandContext, flags: UnlockFlags): Promise<ExitCode> {
  const { unlock: unlockOperation } = await import('../../operations/unlock.ts');
  const { renderUnlock } = await import('../render-unlock.ts');
  const settings = await context.settings();
  const dryRun = flags.dryRun === true;
  const result = await unlockOperation(context.workbench(settings), {
    repository: await context.repositoryChoice(settings),
    all: flags.removeAll === true,
    dryRun,
    signal: context.signal,
  });
  renderUnlock(context.output, result, dryRun);
  return ExitCode.ok;
}
