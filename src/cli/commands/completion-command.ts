import { Argument, type Command } from 'commander';
import { ExitCode } from '../../base/exit-code.ts';
import type { Action } from '../cli.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export const defineCompletion: DefineCommand = (program, run) => {
  program
    .command('completion')
    .description('print a script that lets the shell complete commands and flags')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText('after', exitStatusHelp({ repository: false }))
    .action((shell: Shell, _: object, command: Command) =>
      run(command, printScript(program, shell)),
    );
};

function printScript(program: Command, shell: Shell): Action {
  return async ({ output }) => {
    const { describeProgram } = await import('../completion/command-tree.ts');
    const { shellScript } = await import('../completion/shell-script.ts');
    output.raw(shellScript(describeProgram(program), shell));
    return ExitCode.ok;
  };
}
