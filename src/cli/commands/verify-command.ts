import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import type { RestoredTotals } from '../../operations/verify-input.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { configuredApp } from '../configured-app.ts';
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
  readonly live?: boolean;
}

const COMMAND = 'keepsake verify';

export const defineVerify: DefineCommand = (program, run) => {
  const command = program
    .command('verify')
    .description('prove a snapshot: restore it to a scratch folder and judge what came back')
    .argument('[snapshot]', 'latest, an id or its beginning');
  addSnapshotFlags(command)
    .option('--live', 'judge the app as it is now; reads only, stores nothing')
    .option('--keep <folder>', 'restore to this empty folder and leave it there')
    .addHelpText('after', exitStatusHelp({ also: [ExitCode.verification] }))
    .action((wanted: string | undefined, flags: VerifyFlags, self) =>
      run(self, (context) => proveAny(context, wanted, flags)),
    );
};

function proveAny(
  context: CommandContext,
  wanted: string | undefined,
  flags: VerifyFlags,
): Promise<ExitCode> {
  if (flags.live !== true) {
    if (wanted === undefined) throw usage('which snapshot is not said: latest, or an id');
    return prove(context, wanted, flags);
  }
  if (wanted !== undefined || flags.keep !== undefined) {
    throw usage('--live judges the app itself: without a snapshot, and without --keep');
  }
  return judgeLive(context, flags);
}

async function judgeLive(context: CommandContext, { app: name }: VerifyFlags): Promise<ExitCode> {
  context.startRun('verify', { app: name });
  const { verifyLive } = await import('../../operations/verify-live.ts');
  const { VerifyRenderer, finishLive } = await import('../render-verify.ts');
  const { appSubject } = await import('../backup-flags.ts');
  const need = 'the app that is judged must be known';
  const app = await configuredApp(context, name, { command: COMMAND, need });
  const config = await context.config();
  const workbench = context.workbench(await context.settings());
  const renderer = new VerifyRenderer(context.output);
  const events = verifyLive(workbench, {
    subject: appSubject(app, [], []),
    captureMethod: config?.capture.method,
    lockLimitMs: config?.capture.lockLimitMs,
    busyLimitMs: config?.capture.busyLimitMs,
    signal: context.signal,
  });
  const result = await followEvents(events, (event) => renderer.take(event));
  finishLive(context.output, result);
  context.noteRun({ app: app.name, ...factsOf(result) });
  return result.success ? ExitCode.ok : ExitCode.verification;
}

function usage(problem: string): KeepsakeError {
  return new KeepsakeError('CLI_USAGE', { problem, command: COMMAND });
}

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
  context.noteRun({ snapshotId: result.stored.id, ...factsOf(result) });
  return result.success ? ExitCode.ok : ExitCode.verification;
}

function factsOf({ judgements, fileCount, sizeBytes }: RestoredTotals): RunFacts {
  const failed = judgements.filter(({ differences }) => differences.length > 0);
  const reason = failed.length === 0 ? {} : { reason: `${count(failed.length, 'check')} failed` };
  return { fileCount, sizeBytes, ...reason };
}
