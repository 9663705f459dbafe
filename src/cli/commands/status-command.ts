import { ExitCode } from '../../base/exit-code.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';

export const defineStatus: DefineCommand = (program, run) => {
  program
    .command('status')
    .description('what stands: a restore that was cut off, old files that are kept')
    .addHelpText('after', exitStatusHelp({ repository: false }))
    .action((_flags: object, self) => run(self, (context) => status(context)));
};

async function status(context: CommandContext): Promise<ExitCode> {
  const { readStatus } = await import('../../operations/status.ts');
  const { knownPaths, machineOf } = await import('../in-place-flags.ts');
  const { renderStatus } = await import('../render-status.ts');
  const paths = await knownPaths(context);
  const { signal, host } = context;
  const now = host.workbench.clock.now();
  renderStatus(context.output, await readStatus(await machineOf(context), { paths, now, signal }));
  return ExitCode.ok;
}
