import { ExitCode } from '../../base/exit-code.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import {
  addSnapshotFlags,
  readingInput,
  snapshotFilter,
  type SnapshotFlags,
} from '../snapshot-flags.ts';

interface LsFlags extends SnapshotFlags {
  readonly long?: boolean;
  readonly recursive?: boolean;
}

export const defineLs: DefineCommand = (program, run) => {
  const command = program
    .command('ls')
    .description('list what a snapshot holds')
    .argument('<snapshot[:folder]>', 'latest, an id or its beginning')
    .argument('[path...]', 'only these, and what is directly in them');
  addSnapshotFlags(command)
    .option('-l, --long', 'with mode, owner, size and time')
    .option('--recursive', 'with paths: everything below them')
    .addHelpText('after', exitStatusHelp({}))
    .action((wanted: string, paths: string[], flags: LsFlags, self) =>
      run(self, (context) => list(context, { wanted, paths, flags })),
    );
};

async function list(
  context: CommandContext,
  { wanted, paths, flags }: { wanted: string; paths: readonly string[]; flags: LsFlags },
): Promise<ExitCode> {
  const { ls } = await import('../../operations/ls.ts');
  const { LsRenderer } = await import('../render-ls.ts');
  const { snapshotPath } = await import('../snapshot-paths.ts');
  const absolute = paths.map((path) => snapshotPath(path, 'keepsake ls'));
  const { workbench, reading } = await readingInput(context);
  const filter = snapshotFilter(context, flags);
  const renderer = new LsRenderer(context.output, { long: flags.long === true });
  const recursive = flags.recursive === true;
  const events = ls(workbench, { ...reading, wanted, filter, paths: absolute, recursive });
  for await (const event of events) {
    renderer.take(event);
    await context.output.drained({ signal: context.signal });
  }
  return renderer.problemCount > 0 ? ExitCode.damage : ExitCode.ok;
}
