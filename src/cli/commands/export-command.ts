import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import type { TarFormat } from '../../snapshot/tar-compression.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import {
  addSnapshotFlags,
  collect,
  readingInput,
  snapshotFilter,
  type SnapshotFlags,
} from '../snapshot-flags.ts';

interface ExportFlags extends SnapshotFlags {
  readonly format?: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

const SUFFIXES: Readonly<Record<string, TarFormat>> = {
  '.tar': 'tar',
  '.tar.gz': 'tar.gz',
  '.tgz': 'tar.gz',
  '.tar.zst': 'tar.zst',
  '.tzst': 'tar.zst',
};

export const defineExport: DefineCommand = (program, run) => {
  const command = program
    .command('export')
    .description('write a snapshot as a tar archive, which any tar restores')
    .argument('<snapshot[:folder]>', 'latest, an id or its beginning; paths begin at the folder')
    .argument('<file>', 'NAME.tar.gz, NAME.tar.zst or NAME.tar; - for standard output');
  addSnapshotFlags(command)
    .option('--format <format>', 'tar, tar.gz or tar.zst, whatever the name ends with')
    .option('-i, --include <pattern>', 'only what matches (repeatable)', collect, [])
    .option('-e, --exclude <pattern>', 'leave out what matches (repeatable)', collect, [])
    .addHelpText('after', exitStatusHelp({ also: [ExitCode.verification] }))
    .action((wanted: string, file: string, flags: ExportFlags, self) =>
      run(self, (context) => exportTo(context, { wanted, file, flags })),
    );
};

async function exportTo(
  context: CommandContext,
  { wanted, file, flags }: { wanted: string; file: string; flags: ExportFlags },
): Promise<ExitCode> {
  const format = formatOf(file, flags.format);
  const { output, signal } = context;
  const target = file === '-' ? undefined : context.path(file);
  if (target === undefined && output.isTerminal) {
    throw usage('a tar archive is not for a terminal: write it to a file');
  }
  if (target === undefined) output.reserveStdout();
  context.startRun('export', { app: flags.app });
  const { openExport } = await import('../../operations/export.ts');
  const { ExportRenderer } = await import('../render-export.ts');
  const { workbench, reading } = await readingInput(context);
  const { include, exclude } = flags;
  const filter = snapshotFilter(context, flags);
  const input = { ...reading, wanted, filter, include, exclude, format };
  await using source = await openExport(workbench, input);
  context.noteRun({ snapshotId: source.stored.id });
  const renderer = new ExportRenderer(output, workbench.clock);
  if (target === undefined) await renderer.toStdout(source, signal);
  else await renderer.toFile(source, { target, format, writer: workbench });
  const { files: fileCount, contentBytes: sizeBytes } = source.counts;
  context.noteRun({ fileCount, sizeBytes });
  return ExitCode.ok;
}

function formatOf(file: string, named: string | undefined): TarFormat {
  const formats = new Set(Object.values(SUFFIXES));
  if (named !== undefined) {
    const format = [...formats].find((known) => known === named);
    if (format !== undefined) return format;
    const problem = `"${named}" is no format of archive; there are: ${[...formats].join(', ')}`;
    throw new KeepsakeError('SETTING_INVALID', { name: '--format', problem });
  }
  if (file === '-') return 'tar';
  const [, format] = Object.entries(SUFFIXES).find(([suffix]) => file.endsWith(suffix)) ?? [];
  if (format !== undefined) return format;
  throw usage(
    `"${file}" does not say what to write: end the name with ${Object.keys(SUFFIXES).join(', ')}, or add --format`,
  );
}

function usage(problem: string): KeepsakeError {
  return new KeepsakeError('CLI_USAGE', { problem, command: 'keepsake export' });
}
