import { ExitCode } from '../../base/exit-code.ts';
import type { DefineCommand } from '../command-table.ts';
import type { CommandContext } from '../command-context.ts';
import { exitStatusHelp } from '../exit-status.ts';

interface InitFlags {
  readonly repositoryVersion: string;
  readonly copyChunkerParams?: boolean;
  readonly fromRepo?: string;
  readonly fromPasswordFile?: string;
}

export const defineInit: DefineCommand = (program, run) => {
  program
    .command('init')
    .description('create a repository')
    .option('--repository-version <version>', '1 or 2', '2')
    .option('--copy-chunker-params', 'cut files as the repository of --from-repo does')
    .option('--from-repo <location>', 'the repository to copy them from')
    .option('--from-password-file <file>', 'file that holds its password')
    .addHelpText('after', exitStatusHelp({ locks: false }))
    .action((flags: InitFlags, command) => run(command, (context) => init(context, flags)));
};

async function init(context: CommandContext, flags: InitFlags): Promise<ExitCode> {
  context.startRun('init');
  const { initialize } = await import('../../operations/init.ts');
  const settings = await context.settings();
  const choice = await context.repositoryChoice(settings, { isNew: true });
  const from = await chunkerSource(context, flags);
  const { id, location } = await initialize(context.workbench(settings), choice, {
    version: flags.repositoryVersion,
    chunkerFrom: from,
    signal: context.signal,
  });
  context.output.say(`created repository ${id.slice(0, 10)} at ${location}`);
  context.output.say('');
  context.output.say(
    'Keep the password in a second place: without it the data cannot be read by anyone.',
  );
  context.output.emit({ message_type: 'initialized', id, repository: location });
  return ExitCode.ok;
}

async function chunkerSource(
  context: CommandContext,
  { copyChunkerParams, fromRepo, fromPasswordFile }: InitFlags,
): Promise<{ location: string; password: string } | undefined> {
  if (copyChunkerParams !== true && fromRepo === undefined) return undefined;
  const { requireChunkerSource } = await import('../../operations/init.ts');
  const { repo, passwordFile } = requireChunkerSource({
    copy: copyChunkerParams === true,
    repo: fromRepo,
    passwordFile: fromPasswordFile,
  });
  return {
    location: await context.location({ kind: 'url', url: repo, origin: '--from-repo' }),
    password: await context.password({
      kind: 'file',
      path: passwordFile,
      origin: '--from-password-file',
    }),
  };
}
