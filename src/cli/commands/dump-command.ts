import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
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

interface DumpFlags extends SnapshotFlags {
  readonly target?: string;
  readonly archive: string;
}

export const defineDump: DefineCommand = (program, run) => {
  const command = program
    .command('dump')
    .description('write a file of a snapshot to standard output; a folder as a tar archive')
    .argument('<snapshot[:folder]>', 'latest, an id or its beginning')
    .argument('<path>', 'path in the snapshot; / for all of it');
  addSnapshotFlags(command)
    .option('-t, --target <file>', 'write to this file instead')
    .option('-a, --archive <format>', 'of a folder: tar', 'tar')
    .addHelpText('after', exitStatusHelp({}))
    .action((wanted: string, path: string, flags: DumpFlags, self) =>
      run(self, (context) => dump(context, { wanted, path, flags })),
    );
};

async function dump(
  context: CommandContext,
  { wanted, path, flags }: { wanted: string; path: string; flags: DumpFlags },
): Promise<ExitCode> {
  const { openDump } = await import('../../operations/dump.ts');
  const { renderDump } = await import('../render-dump.ts');
  const { snapshotPath } = await import('../snapshot-paths.ts');
  if (flags.archive !== 'tar') throw badArchive(flags.archive);
  const inside = snapshotPath(path, 'keepsake dump');
  const target = flags.target === undefined ? undefined : context.path(flags.target);
  if (target === undefined) context.output.reserveStdout();
  const { workbench, reading } = await readingInput(context);
  const filter = snapshotFilter(context, flags);
  await using source = await openDump(workbench, { ...reading, wanted, filter, path: inside });
  const { signal } = context;
  await renderDump(context.output, source, { target, writer: workbench, signal });
  return ExitCode.ok;
}

function badArchive(format: string): KeepsakeError {
  const problem = `"${format}" is no format of archive; there is: tar`;
  return new KeepsakeError('SETTING_INVALID', { name: '--archive', problem });
}
