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

interface SnapshotsFlags extends SnapshotFlags {
  readonly latest?: string;
  readonly counts?: boolean;
}

const COUNTS = `
--counts tells when rows or files went missing: restore the snapshot above the line that
says so, e.g. with keepsake restore ID --only database
`;

export const defineSnapshots: DefineCommand = (program, run) => {
  const command = program
    .command('snapshots')
    .description('list the snapshots, oldest first')
    .argument('[snapshot...]', 'only these');
  addSnapshotFlags(command)
    .option('--latest <number>', 'only so many of each host and set of paths')
    .option('--counts', 'rows and files of each, and what changed since the one before')
    .addHelpText('after', `${COUNTS}${exitStatusHelp({})}`)
    .action((ids: string[], flags: SnapshotsFlags, self) =>
      run(self, (context) => snapshots(context, ids, flags)),
    );
};

async function snapshots(
  context: CommandContext,
  ids: readonly string[],
  flags: SnapshotsFlags,
): Promise<ExitCode> {
  const { listSnapshots } = await import('../../operations/snapshots.ts');
  const { renderSnapshots } = await import('../render-snapshots.ts');
  const latest = flags.latest === undefined ? undefined : parseLatest(flags.latest);
  context.output.reserveStdout();
  const { workbench, reading } = await readingInput(context);
  const filter = snapshotFilter(context, flags);
  const counts = flags.counts === true;
  const result = await listSnapshots(workbench, { ...reading, filter, ids, latest, counts });
  renderSnapshots(context.output, result);
  const damaged = [...result.damaged, ...(result.counted?.damaged ?? [])];
  return damaged.length > 0 ? ExitCode.damage : ExitCode.ok;
}

function parseLatest(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  if (number >= 1) return number;
  const problem = `"${text}" is no number from 1 up`;
  throw new KeepsakeError('SETTING_INVALID', { name: '--latest', problem });
}
