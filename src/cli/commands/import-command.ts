import { ExitCode } from '../../base/exit-code.ts';
import type { ImportedFile, ImportResult } from '../../operations/import/import-input.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import { followEvents } from '../follow-events.ts';
import type { ImportFlags } from '../import-flags.ts';
import type { RunFacts } from '../run-note.ts';
import { collect } from '../snapshot-flags.ts';

export const defineImport: DefineCommand = (program, run) => {
  program
    .command('import')
    .description('make snapshots of tar archives and databases that were kept by hand')
    .argument('<file...>', 'tar, tar.gz, tar.zst, or a SQLite database; known by their content')
    .option('--app <name>', 'the app they are of, when the config has several')
    .option('--root <folder>', 'without an app: the folder that members go below', undefined)
    .option('--as <path>', 'where a single database belongs, e.g. data/prod.db')
    .option('--time <time>', 'when it was taken; else from the name, the members, or the file')
    .option('--tag <tag>', 'add a tag (repeatable, or separated by commas)', collect, [])
    .option('--host <name>', 'name of this host in the snapshot')
    .option('-e, --exclude <pattern>', 'leave out members that match (repeatable)', collect, [])
    .option('-n, --dry-run', 'read and judge everything, write nothing')
    .option('--compression <mode>', 'auto, off, fastest, better or max', 'auto')
    .option('--pack-size <size>', 'size of the files in the repository, e.g. 16 MiB')
    .addHelpText('after', exitStatusHelp({ also: [ExitCode.partial] }))
    .action((files: string[], flags: ImportFlags, command) =>
      run(command, (context) => importAll(context, files, flags)),
    );
};

async function importAll(
  context: CommandContext,
  files: readonly string[],
  flags: ImportFlags,
): Promise<ExitCode> {
  if (flags.dryRun !== true) context.startRun('import', { app: flags.app });
  const { readImportInput } = await import('../import-flags.ts');
  const { importFiles } = await import('../../operations/import/import-files.ts');
  const { ImportRenderer } = await import('../render-import.ts');
  const { workbench, input } = await readImportInput(context, files, flags);
  const renderer = new ImportRenderer(context.output);
  const events = importFiles(workbench, input);
  const result = await followEvents(events, (event) => renderer.take(event));
  renderer.finish(result);
  context.noteRun({ app: input.app?.name, ...factsOf(result) });
  return exitCodeOf(result);
}

function factsOf({ files }: ImportResult): RunFacts {
  const [first] = files;
  const total = (of: (file: ImportedFile) => number) =>
    files.reduce((sum, file) => sum + of(file), 0);
  return {
    fileCount: total(({ fileCount }) => fileCount),
    sizeBytes: total(({ sizeBytes }) => sizeBytes),
    addedBytes: total(({ storedBytes }) => storedBytes),
    ...(files.length === 1 && { snapshotId: first?.snapshotId }),
    ...verdictOf(files),
  };
}

/** Where it is not all well. */
function verdictOf(files: readonly ImportedFile[]): RunFacts {
  const bad = files.find(({ error }) => error !== undefined);
  if (bad !== undefined) return { reason: bad.error?.message };
  const noted = files.find(({ outcome }) => outcome === 'unverified' || outcome === 'partial');
  if (noted !== undefined) return { reason: `${noted.file}: ${noted.notes[0] ?? noted.outcome}` };
  const isOld = files.every(({ outcome }) => outcome === 'skipped');
  return isOld ? { outcome: 'skipped', reason: 'imported before' } : {};
}

function exitCodeOf({ files }: ImportResult): ExitCode {
  const [only, another] = files;
  if (only?.error !== undefined && another === undefined) return only.error.exitCode;
  if (files.some(({ outcome }) => outcome === 'failed')) return ExitCode.failed;
  const isDoubtful = files.some(({ outcome }) => outcome === 'unverified' || outcome === 'partial');
  return isDoubtful ? ExitCode.partial : ExitCode.ok;
}
