import { ExitCode } from '../../base/exit-code.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import { readingInput } from '../snapshot-flags.ts';

interface DiffFlags {
  readonly metadata?: boolean;
}

const LETTERS = `
Letters before each path:
  +  only in the second        T  of another type, e.g. a link instead of a file
  -  only in the first         U  other metadata (mode, owner, times; with --metadata)
  M  other content             ?  other content though all metadata is the same: a sign of bit rot
`;

export const defineDiff: DefineCommand = (program, run) => {
  program
    .command('diff')
    .description('what changed from one snapshot to another')
    .argument('<snapshot[:folder]>', 'the first: an id, its beginning, or latest')
    .argument('<snapshot[:folder]>', 'the second')
    .option('--metadata', 'also where only metadata differs')
    .addHelpText('after', `${LETTERS}${exitStatusHelp({})}`)
    .action((before: string, after: string, flags: DiffFlags, self) =>
      run(self, (context) => compare(context, { before, after, flags })),
    );
};

async function compare(
  context: CommandContext,
  { before, after, flags }: { before: string; after: string; flags: DiffFlags },
): Promise<ExitCode> {
  const { diff } = await import('../../operations/diff.ts');
  const { DiffRenderer } = await import('../render-diff.ts');
  const { workbench, reading } = await readingInput(context);
  const renderer = new DiffRenderer(context.output);
  const metadata = flags.metadata === true;
  for await (const event of diff(workbench, { ...reading, before, after, metadata })) {
    renderer.take(event);
    await context.output.drained({ signal: context.signal });
  }
  return renderer.problemCount > 0 ? ExitCode.damage : ExitCode.ok;
}
