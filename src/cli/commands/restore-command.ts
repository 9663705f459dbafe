import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import type { RestoreOutcome, RestoreResult } from '../../operations/restore-input.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import { followEvents } from '../follow-events.ts';
import type { InPlaceFlags } from '../in-place-flags.ts';
import type { RestoreFlags } from '../restore-flags.ts';
import { addSnapshotFlags, collect } from '../snapshot-flags.ts';

const EXIT_CODES: Record<RestoreOutcome, ExitCode> = {
  ok: ExitCode.ok,
  partial: ExitCode.partial,
  different: ExitCode.verification,
  damaged: ExitCode.damage,
};

type Flags = RestoreFlags & InPlaceFlags;

export const defineRestore: DefineCommand = (program, run) => {
  const command = program
    .command('restore')
    .description('put a snapshot in place of what the app has now, or copy it out to a folder')
    .argument('[snapshot[:folder]]', 'latest, an id or its beginning')
    .option('-t, --target <folder>', 'copy it out to this folder; the app is not touched')
    .option('--only <part>', 'in place: database, or uploads')
    .option('--live', 'in place: only the database, without stopping the app')
    .option('-y, --yes', 'in place: do not ask')
    .option('--resume', 'finish a restore in place that was cut off')
    .option('--undo', 'bring back the old state after a restore in place that was cut off');
  addSnapshotFlags(command)
    .option('-n, --dry-run', 'say what would be done, change nothing')
    .option('-i, --include <pattern>', 'with --target: only what matches (repeatable)', collect, [])
    .option('-e, --exclude <pattern>', 'with --target: leave out what matches', collect, [])
    .option('--overwrite <when>', 'with --target: always, if-changed or never', 'always')
    .option('--verify', 'with --target: read every file again afterwards and compare')
    .option('--sparse', 'with --target: leave holes where there are only zeros (default)')
    .option('--no-sparse', 'with --target: write zeros as zeros')
    .addHelpText('after', exitStatusHelp({ also: [ExitCode.partial, ExitCode.verification] }))
    .action((wanted: string | undefined, flags: Flags, self) =>
      run(self, (context) => restoreAny(context, wanted, flags)),
    );
};

async function restoreAny(
  context: CommandContext,
  wanted: string | undefined,
  flags: Flags,
): Promise<ExitCode> {
  const { resume, undo, target } = flags;
  if (resume === true || undo === true) {
    if (wanted !== undefined || target !== undefined || resume === undo) {
      throw usage('--resume and --undo stand alone');
    }
    const { endCutOff } = await import('../run-in-place.ts');
    return endCutOff(context, resume === true ? 'resume' : 'undo');
  }
  if (wanted === undefined) throw usage('which snapshot is not said: latest, or an id');
  if (target !== undefined) return restoreTo(context, wanted, { ...flags, target });
  assertInPlaceFlags(wanted, flags);
  const { restoreHere } = await import('../run-in-place.ts');
  return restoreHere(context, wanted, flags);
}

function assertInPlaceFlags(wanted: string, flags: Flags): void {
  const isForTarget =
    flags.include.length + flags.exclude.length > 0 ||
    flags.overwrite !== 'always' ||
    flags.verify === true ||
    wanted.includes(':');
  if (isForTarget) {
    throw usage('a part by patterns or folder can only be copied out: add --target DIR');
  }
}

async function restoreTo(
  context: CommandContext,
  wanted: string,
  flags: Flags & { readonly target: string },
): Promise<ExitCode> {
  if (flags.only !== undefined || flags.live === true) {
    throw usage('--only and --live are for a restore in place, without --target');
  }
  if (flags.dryRun !== true) context.startRun('restore', { app: flags.app });
  const { restore } = await import('../../operations/restore.ts');
  const { readRestoreInput } = await import('../restore-flags.ts');
  const { RestoreRenderer } = await import('../render-restore.ts');
  const { workbench, input } = await readRestoreInput(context, wanted, flags);
  const renderer = new RestoreRenderer(context.output, workbench.clock);
  const events = restore(workbench, input);
  const result = await followEvents(events, (event) => renderer.take(event));
  if (input.include.length > 0 && touchedNothing(result)) {
    throw new KeepsakeError('RESTORE_NOTHING_MATCHED', { patterns: input.include });
  }
  renderer.finish(result);
  const { stored, totals, durationMs } = result;
  const { filesRestored: fileCount, bytesRestored: sizeBytes } = totals;
  const steps = [{ name: 'restore', durationMs }];
  context.noteRun({ snapshotId: stored.id, fileCount, sizeBytes, steps });
  return EXIT_CODES[result.outcome];
}

/** Of files; that a folder was made is no restore. */
function touchedNothing({ totals }: RestoreResult): boolean {
  const { filesRestored, filesUpdated, filesUnchanged, filesSkipped, others, errors } = totals;
  return filesRestored + filesUpdated + filesUnchanged + filesSkipped + others + errors === 0;
}

function usage(problem: string): KeepsakeError {
  return new KeepsakeError('CLI_USAGE', { problem, command: 'keepsake restore' });
}
