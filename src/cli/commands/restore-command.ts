import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import type { RestoreOutcome, RestoreResult } from '../../operations/restore-input.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import { followEvents } from '../follow-events.ts';
import type { RestoreFlags } from '../restore-flags.ts';
import { addSnapshotFlags, collect } from '../snapshot-flags.ts';

const EXIT_CODES: Record<RestoreOutcome, ExitCode> = {
  ok: ExitCode.ok,
  partial: ExitCode.partial,
  different: ExitCode.verification,
  damaged: ExitCode.damage,
};

export const defineRestore: DefineCommand = (program, run) => {
  const command = program
    .command('restore')
    .description('copy a snapshot, or a part of it, out to a folder')
    .argument('<snapshot[:folder]>', 'latest, an id or its beginning')
    .option('-t, --target <folder>', 'where to; made if it is missing');
  addSnapshotFlags(command)
    .option('-i, --include <pattern>', 'only what matches (repeatable)', collect, [])
    .option('-e, --exclude <pattern>', 'leave out what matches (repeatable)', collect, [])
    .option('--overwrite <when>', 'what is there already: always, if-changed or never', 'always')
    .option('-n, --dry-run', 'say what would be written, write nothing')
    .option('--verify', 'read every file again afterwards and compare')
    .option('--sparse', 'leave holes where there are only zeros (default)')
    .option('--no-sparse', 'write zeros as zeros')
    .addHelpText('after', exitStatusHelp({ also: [ExitCode.partial, ExitCode.verification] }))
    .action((wanted: string, flags: RestoreFlags, self) =>
      run(self, (context) => restoreTo(context, wanted, flags)),
    );
};

async function restoreTo(
  context: CommandContext,
  wanted: string,
  flags: RestoreFlags,
): Promise<ExitCode> {
  const { restore } = await import('../../operations/restore.ts');
  const { readRestoreInput } = await import('../restore-flags.ts');
  const { RestoreRenderer } = await import('../render-restore.ts');
  if (flags.target === undefined) throw targetMissing();
  const { target } = flags;
  const { workbench, input } = await readRestoreInput(context, wanted, { ...flags, target });
  const renderer = new RestoreRenderer(context.output, workbench.clock);
  const events = restore(workbench, input);
  const result = await followEvents(events, (event) => renderer.take(event));
  if (input.include.length > 0 && touchedNothing(result)) {
    throw new KeepsakeError('RESTORE_NOTHING_MATCHED', { patterns: input.include });
  }
  renderer.finish(result);
  return EXIT_CODES[result.outcome];
}

/** Of files; that a folder was made is no restore. */
function touchedNothing({ totals }: RestoreResult): boolean {
  const { filesRestored, filesUpdated, filesUnchanged, filesSkipped, others, errors } = totals;
  return filesRestored + filesUpdated + filesUnchanged + filesSkipped + others + errors === 0;
}

function targetMissing(): KeepsakeError {
  const problem = 'where to restore to is not said: give a folder with --target DIR';
  return new KeepsakeError('CLI_USAGE', { problem, command: 'keepsake restore' });
}
