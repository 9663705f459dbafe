import type { ExitCode } from '../../base/exit-code.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import type { UpdateFlags } from '../run-update.ts';

const HELP = `
Fetches, says from which version to which, and then, guarded as by \`keepsake guard\`: checks it out,
builds and migrates it as \`code\` in keepsake.yaml says. A branch is moved forward to what it follows; a
tag or commit is checked out as it is. If anything fails, code, dependencies and data go back together.`;

export const defineUpdate: DefineCommand = (program, run) => {
  program
    .command('update')
    .description("bring the app's code to another version; if that fails, everything goes back")
    .argument('[ref]', 'a branch, tag or commit; without it what the present branch follows')
    .option('--app <name>', 'the app, when the config has several')
    .option('-n, --dry-run', 'fetch, say what would be done, change nothing')
    .addHelpText('after', HELP)
    .addHelpText('after', exitStatusHelp({ repository: false }))
    .action((ref: string | undefined, flags: UpdateFlags, self) =>
      run(self, (context) => update(context, ref, flags)),
    );
};

async function update(
  context: CommandContext,
  ref: string | undefined,
  flags: UpdateFlags,
): Promise<ExitCode> {
  const { updateCommand } = await import('../run-update.ts');
  return updateCommand(context, ref, flags);
}
