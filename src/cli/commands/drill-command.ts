import { hostname } from 'node:os';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import type { RunOutcome } from '../../monitor/run-record.ts';
import type { DrillOutcome, RestoredWith } from '../../operations/drill/drill-evidence.ts';
import type { DrillResult } from '../../operations/drill/drill-input.ts';
import type { CommandContext } from '../command-context.ts';
import type { DefineCommand } from '../command-table.ts';
import { configuredApp } from '../configured-app.ts';
import { exitStatusHelp } from '../exit-status.ts';
import { followEvents } from '../follow-events.ts';
import type { RunFacts } from '../run-note.ts';
import { sheetPasswordFile } from '../sheet-password-file.ts';
import {
  addSnapshotFlags,
  readingInput,
  snapshotFilter,
  type SnapshotFlags,
} from '../snapshot-flags.ts';

interface DrillFlags extends SnapshotFlags {
  readonly with?: string;
  readonly allowNetwork?: boolean;
}

export const defineDrill: DefineCommand = (program, run) => {
  const command = program
    .command('drill')
    .description('rehearse the disaster: restore to scratch, judge it, start the app on the copy')
    .argument('[snapshot]', 'latest, an id or its beginning', 'latest');
  addSnapshotFlags(command)
    .option('--with <program>', 'restore by keepsake or by restic (default: in turns)')
    .option('--allow-network', 'start the copy even where it cannot be kept from the network')
    .addHelpText('after', exitStatusHelp({ also: [ExitCode.verification] }))
    .action((wanted: string, flags: DrillFlags, self) =>
      run(self, (context) => rehearse(context, wanted, flags)),
    );
};

async function rehearse(
  context: CommandContext,
  wanted: string,
  flags: DrillFlags,
): Promise<ExitCode> {
  context.startRun('drill', { app: flags.app });
  const { drill } = await import('../../operations/drill/drill.ts');
  const { DrillRenderer } = await import('../render-drill.ts');
  const restoreWith = parseProgram(flags.with);
  const need = 'to start a copy of the app, it must be known';
  const app = await configuredApp(context, flags.app, { command: 'keepsake drill', need });
  context.noteRun({ app: app.name });
  const { workbench, reading } = await readingInput(context);
  const renderer = new DrillRenderer(context.output);
  const events = drill(workbench, {
    ...reading,
    wanted,
    filter: snapshotFilter(context, { ...flags, app: app.name }),
    app,
    hostname: (await context.settings()).host ?? hostname(),
    restoreWith,
    passwordFile: sheetPasswordFile(context, (await context.settings()).password),
    allowNetwork: flags.allowNetwork === true,
    environment: context.host.environment,
  });
  const result = await followEvents(events, (event) => renderer.take(event));
  renderer.finish(result);
  context.noteRun(factsOf(result));
  return result.outcome === 'proven' ? ExitCode.ok : ExitCode.verification;
}

const OUTCOMES: Record<DrillOutcome, RunOutcome> = {
  proven: 'ok',
  failed: 'failed',
  inconclusive: 'warning',
};

function factsOf({ outcome, evidence }: DrillResult): RunFacts {
  const { snapshot: snapshotId, fileCount, sizeBytes, reason, seconds } = evidence;
  const steps = Object.entries(seconds).map(([name, value]) => ({
    name,
    durationMs: value * 1000,
  }));
  return { outcome: OUTCOMES[outcome], reason, snapshotId, fileCount, sizeBytes, steps };
}

function parseProgram(text: string | undefined): RestoredWith | undefined {
  if (text === undefined || text === 'keepsake' || text === 'restic') return text;
  const problem = `"${text}" is not one of keepsake, restic`;
  throw new KeepsakeError('SETTING_INVALID', { name: '--with', problem });
}
