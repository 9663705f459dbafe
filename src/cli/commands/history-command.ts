import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';

interface HistoryFlags {
  readonly count: string;
  readonly app?: string;
}

export const defineHistory: DefineCommand = (program, run) => {
  program
    .command('history')
    .description('what ran on this machine, and how it ended')
    .option('-n, --count <number>', 'how many, newest last', '20')
    .option('--app <name>', 'only of this app')
    .addHelpText('after', exitStatusHelp({ repository: false }))
    .action((flags: HistoryFlags, self) => run(self, (context) => history(context, flags)));
};

async function history(context: CommandContext, { count, app }: HistoryFlags): Promise<ExitCode> {
  if (!/^[1-9]\d{0,5}$/.test(count)) {
    const problem = `"${count}" is no number from 1 to 999999`;
    throw new KeepsakeError('SETTING_INVALID', { name: '--count', problem });
  }
  const { readHistory } = await import('../../operations/history.ts');
  const { renderHistory } = await import('../render-history.ts');
  const folder = await context.stateFolder();
  renderHistory(context.output, readHistory(folder, { limit: Number(count), app }));
  return ExitCode.ok;
}
