import { describeCause } from '../../base/errors/keepsake-error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import type { BackupInput, BackupOutcome, BackupResult } from '../../operations/backup-input.ts';
import type { BackupFlags } from '../backup-flags.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import { followEvents } from '../follow-events.ts';
import { count } from '../phrases.ts';
import { collect } from '../snapshot-flags.ts';

const EXIT_CODES: Record<BackupOutcome, ExitCode> = {
  ok: ExitCode.ok,
  warning: ExitCode.ok,
  partial: ExitCode.partial,
  failed: ExitCode.failed,
};

export const defineBackup: DefineCommand = (program, run) => {
  program
    .command('backup')
    .description('capture the app of the config, or the given paths, into a snapshot')
    .argument('[path...]', 'files and folders; SQLite databases below them are captured live')
    .option('--app <name>', 'the app, when the config has several')
    .option('--only <part>', 'database: leave the files out')
    .option('--tag <tag>', 'add a tag (repeatable, or separated by commas)', collect, [])
    .option('--host <name>', 'name of this host in the snapshot')
    .option('--time <time>', 'say the snapshot was taken then, e.g. 2026-11-24T08:00:00Z')
    .option('-e, --exclude <pattern>', 'leave out what matches (repeatable)', collect, [])
    .option('--exclude-file <file>', 'patterns, one a line (repeatable)', collect, [])
    .option('--exclude-caches', 'leave out folders marked by CACHEDIR.TAG')
    .option('-x, --one-file-system', 'do not go into other file systems')
    .option('-n, --dry-run', 'read everything, write nothing')
    .option('--capture <method>', 'how databases in use are copied: raw, or backup (by SQLite)')
    .option('--check-database', 'let SQLite check all of each database, whenever it last did')
    .option('--compression <mode>', 'auto, off, fastest, better or max', 'auto')
    .option('--pack-size <size>', 'size of the files in the repository, e.g. 16 MiB')
    .addHelpText('after', exitStatusHelp({ also: [ExitCode.partial] }))
    .action((paths: string[], flags: BackupFlags, command) =>
      run(command, (context) => runBackup(context, paths, flags)),
    );
};

async function runBackup(
  context: CommandContext,
  paths: readonly string[],
  flags: BackupFlags,
): Promise<ExitCode> {
  if (flags.dryRun !== true) context.startRun('backup', { app: flags.app });
  const { readBackupInput } = await import('../backup-flags.ts');
  const { backup } = await import('../../operations/backup.ts');
  const { BackupRenderer } = await import('../render-backup.ts');
  const { workbench, input } = await readBackupInput(context, paths, flags);
  context.noteRun({ app: input.subject.app });
  await assertNoChange(context, input);
  const renderer = new BackupRenderer(context.output);
  const events = backup(workbench, input);
  const result = await followEvents(events, (event) => renderer.take(event));
  renderer.finish(result);
  noteBackup(context, result);
  await dropKeptFiles(context, input, result);
  return EXIT_CODES[result.outcome];
}

function noteBackup(
  context: CommandContext,
  { outcome, snapshotId, counts, problems }: BackupResult,
): void {
  const [first] = problems;
  context.noteRun({
    outcome,
    snapshotId,
    fileCount: counts.totalFilesProcessed,
    sizeBytes: counts.totalBytesProcessed,
    addedBytes: counts.dataAddedPacked,
    ...(first !== undefined && {
      reason: `${count(problems.length, 'problem')}, first: ${first.path}: ${describeCause(first.error)}`,
    }),
  });
}

/** A half-restored app is no state to keep. */
async function assertNoChange(context: CommandContext, { subject }: BackupInput): Promise<void> {
  if (subject.app === undefined) return;
  const { knownPaths, machineOf } = await import('../in-place-flags.ts');
  const { assertNoChangeUnderWay } = await import('../../operations/in-place/change-lock.ts');
  const { assertNothingUnfinished } = await import('../../operations/in-place/known-changes.ts');
  const machine = await machineOf(context);
  const { self } = context.host.workbench;
  await assertNoChangeUnderWay({ stateFolder: machine.stateFolder, self });
  const paths = await knownPaths(context);
  await assertNothingUnfinished(machine, { paths, app: subject.app });
}

/** The old files of a change in place stay until the app was backed up after it. */
async function dropKeptFiles(
  context: CommandContext,
  input: BackupInput,
  result: BackupResult,
): Promise<void> {
  try {
    await removeOldFiles(context, input, result);
  } catch (error) {
    context.signal.throwIfAborted();
    context.output.warn(
      `the backup is complete, but what earlier changes moved aside stays there, if anything: ${describeCause(error)}. The next full backup tries again; \`keepsake status\` names the folders`,
    );
  }
}

async function removeOldFiles(
  context: CommandContext,
  { subject, only, dryRun }: BackupInput,
  { outcome }: BackupResult,
): Promise<void> {
  const isFull = only === undefined && !dryRun && EXIT_CODES[outcome] === ExitCode.ok;
  if (subject.app === undefined || !isFull) return;
  const { knownPaths, machineOf } = await import('../in-place-flags.ts');
  const { removeKeptFiles } = await import('../../operations/in-place/kept-files.ts');
  const { app } = subject;
  const paths = await knownPaths(context);
  const { workbench } = context.host;
  const removed = await removeKeptFiles(workbench, await machineOf(context), { app, paths });
  for (const folder of removed) {
    context.output.say(
      `removed   ${folder}: old files of an earlier change, whose data is in the repository`,
    );
  }
}
