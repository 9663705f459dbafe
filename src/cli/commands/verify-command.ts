import { ExitCode } from '../../base/exit-code.ts';
import type { VerifyResult } from '../../operations/verify-input.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { exitStatusHelp } from '../exit-status.ts';
import { followEvents } from '../follow-events.ts';
import { count } from '../phrases.ts';
import type { RunFacts } from '../run-note.ts';
import {
  addSnapshotFlags,
  readingInput,
  snapshotFilter,
  type SnapshotFlags,
} from '../snapshot-flags.ts';

interface VerifyFlags extends SnapshotFlags {
  readonly keep?: string;
}

export const defineVerify: DefineCommand = (program, run) => {
  const command = program
    .command('verify')
    .description('prove a snapshot: restore it to a scratch folder and judge what came back')
    .argument('<snapshot>', 'latest, an id or its beginning');
  addSnapshotFlags(command)
    .option('--keep <folder>', 'restore to this empty folder and leave it there')
    .addHelpText('after', exitStatusHelp({ also: [ExitCode.verification] }))
    .action((wanted: string, flags: VerifyFlags, self) =>
      run(self, (context) => prove(context, wanted, flags)),
    );
};

async function prove(
  context: CommandContext,
  wanted: string,
  flags: VerifyFlags,
): Promise<ExitCode> {
  context.startRun('verify', { app: flags.app });
  const { verify } = await import('../../operations/verify.ts');
  const { VerifyRenderer } = await import('../render-verify.ts');
  const { workbench, reading } = await readingInput(context);
  const filter = snapshotFilter(context, flags);
  const keep = flags.keep === undefined ? undefined : context.path(flags.keep);
  const renderer = new VerifyRenderer(context.output);
  const events = verify(workbench, { ...reading, wanted, filter, keep });
  const result = await followEvents(events, (event) => renderer.take(event));
  renderer.finish(result);
  context.noteRun(factsOf(result));
  return result.success ? ExitCode.ok : ExitCode.verification;
}

function factsOf({ stored, judgements, fileCount, sizeBytes }: VerifyResult): RunFacts {
  const failed = judgements.filter(({ differences }) => differences.length > 0);
  const reason = failed.length === 0 ? {} : { reason: `${count(failed.length, 'check')} failed` };
  return { snapshotId: stored.id, fileCount, sizeBytes, ...reason };
}
