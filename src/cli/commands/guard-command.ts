import type { ExitCode } from '../../base/exit-code.ts';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import type { GuardFlags } from '../run-guard.ts';

const HELP = `
  keepsake guard -- pnpm prisma migrate deploy
  keepsake guard -- update          # a script that stops and starts the app itself

Before the command runs the app's present state is stored in the repository, and all that goes back
is copied aside: its paths, and its code where the config names it. If the command fails, is cut off
with Ctrl-C, or the app is not well afterwards, everything goes back and the old version runs again.`;

export const defineGuard: DefineCommand = (program, run) => {
  program
    .command('guard')
    .description('run a command that changes the app; if it fails, everything goes back')
    .usage('[options] -- <command...>')
    .argument('[command...]', 'the program and its arguments, after "--"')
    .option('--app <name>', 'the app, when the config has several')
    .option('--only <part>', 'database: protect nothing else')
    .option('--run-as <user>', "instead of the app's user")
    .option('--cwd <folder>', "instead of the app's working folder")
    .option('-n, --dry-run', 'say what would be done, change nothing')
    .addHelpText('after', HELP)
    .addHelpText('after', exitStatusHelp({ repository: false }))
    .action((argv: string[], flags: GuardFlags, self) =>
      run(self, (context) => guard(context, argv, flags)),
    );
};

async function guard(
  context: CommandContext,
  argv: readonly string[],
  flags: GuardFlags,
): Promise<ExitCode> {
  assertCommand(context, argv);
  const { guardCommand } = await import('../run-guard.ts');
  return guardCommand(context, argv, flags);
}

/** Without the dashes a flag of the command would be taken for one of ours. */
function assertCommand({ host }: CommandContext, argv: readonly string[]): void {
  const command = 'keepsake guard';
  if (argv.length === 0) {
    const problem = 'no command is given; type `keepsake guard -- COMMAND`';
    throw new KeepsakeError('CLI_USAGE', { problem, command });
  }
  if (host.argv.includes('--')) return;
  const problem = `the command must stand after "--"; type \`keepsake guard -- ${argv.join(' ')}\``;
  throw new KeepsakeError('CLI_USAGE', { problem, command });
}
