import { ExitCode } from '../../base/exit-code.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import { count } from '../phrases.ts';
import { repositoryInput } from '../repository-input.ts';

interface CheckFlags {
  readonly readData?: boolean;
  readonly readDataSubset?: string;
}

export const defineCheck: DefineCommand = (program, run) => {
  program
    .command('check')
    .description('look for damage in the repository; changes nothing')
    .option('--read-data', 'read and decrypt everything')
    .option(
      '--read-data-subset <part>',
      'read a part: 5%, 2/7 (part 2 of 7) or a size such as 500 MiB',
    )
    .addHelpText('after', exitStatusHelp({}))
    .action((flags: CheckFlags, command) => run(command, (context) => check(context, flags)));
};

async function check(context: CommandContext, flags: CheckFlags): Promise<ExitCode> {
  context.startRun('check');
  const { check: checkOperation } = await import('../../operations/check.ts');
  const { parseSubset } = await import('../parse-subset.ts');
  const { CheckRenderer } = await import('../render-check.ts');
  const { workbench, input } = await repositoryInput(context);
  const renderer = new CheckRenderer(context.output);
  const events = checkOperation(workbench, {
    ...input,
    readData: flags.readData === true ? { kind: 'all' } : parseSubset(flags.readDataSubset),
    lock: context.readingLock(),
  });
  for await (const event of events) renderer.take(event);
  if (renderer.errorCount === 0) return ExitCode.ok;
  context.noteRun({ reason: count(renderer.errorCount, 'error') });
  return ExitCode.damage;
}
