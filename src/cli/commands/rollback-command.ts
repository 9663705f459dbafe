import type { ExitCode } from '../../base/exit-code.ts';
import { ExitCode as Exit } from '../../base/exit-code.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import type { RollbackFlags } from '../run-rollback.ts';

export const defineRollback: DefineCommand = (program, run) => {
  program
    .command('rollback')
    .description('take the last restore, guard or update back')
    .option('--app <name>', 'the last one of this app')
    .option('-n, --dry-run', 'say what would be done, change nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', exitStatusHelp({ also: [Exit.verification] }))
    .action((flags: RollbackFlags, self) => run(self, (context) => rollback(context, flags)));
};

async function rollback(context: CommandContext, flags: RollbackFlags): Promise<ExitCode> {
  const { rollBack } = await import('../run-rollback.ts');
  return rollBack(context, flags);
}
