/** From flags and config to what a change of the app in place is given. */
import { existsSync } from 'node:fs';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { chooseApp, resolveApp, type ResolvedApp } from '../config/resolve-app.ts';
import type { BackupInput } from '../operations/backup-input.ts';
import type { ChangeJournal, ChangePart } from '../operations/in-place/change-journal.ts';
import { thisMachine, type ChangeMachine } from '../operations/in-place/change-machine.ts';
import type { InPlaceInput } from '../operations/in-place/in-place-input.ts';
import { pathsOf } from '../operations/in-place/known-changes.ts';
import type { ChangeRepository } from '../operations/in-place/snapshot-change.ts';
import { openSnapshot } from '../operations/open-snapshot.ts';
import type { Workbench } from '../operations/workbench.ts';
import { readBackupInput } from './backup-flags.ts';
import type { CommandContext } from './command-context.ts';
import { readingInput, snapshotFilter, type SnapshotFlags } from './snapshot-flags.ts';

export interface InPlaceFlags extends SnapshotFlags {
  readonly only?: string;
  readonly live?: boolean;
  readonly yes?: boolean;
  readonly resume?: boolean;
  readonly undo?: boolean;
  readonly dryRun?: boolean;
}

export async function readInPlaceInput(
  context: CommandContext,
  wanted: string,
  flags: InPlaceFlags,
): Promise<{ workbench: Workbench; machine: ChangeMachine; input: InPlaceInput }> {
  const part = parsePart(flags);
  const app = await requireApp(context, flags.app);
  const { workbench, reading } = await readingInput(context);
  const input: InPlaceInput = {
    ...reading,
    wanted,
    filter: snapshotFilter(context, { ...flags, app: app.name }),
    app,
    part,
    live: flags.live === true,
    backup: await readAppBackup(context, app.name),
    dryRun: flags.dryRun === true,
  };
  return { workbench, machine: await machineOf(context), input };
}

/** What a change that is found again needs of the repository, if it needs any. */
export function repositoryOf(
  context: CommandContext,
  workbench: Workbench,
  { app, source }: ChangeJournal,
): ChangeRepository {
  return {
    async open() {
      const { reading } = await readingInput(context);
      const wanted = source.kind === 'snapshot' ? source.id : '';
      return openSnapshot(workbench, { ...reading, wanted, filter: {} });
    },
    backup: () => readAppBackup(context, app.name),
  };
}

/** The app as `keepsake backup` backs it up. */
export async function readAppBackup(context: CommandContext, app: string): Promise<BackupInput> {
  const flags = { app, tag: [], exclude: [], excludeFile: [], compression: 'auto' };
  const { input } = await readBackupInput(context, [], flags);
  return input;
}

export async function machineOf(context: CommandContext): Promise<ChangeMachine> {
  const { state } = await context.settings();
  return thisMachine({
    stateFolder: context.path(state),
    clock: context.host.workbench.clock,
    environment: context.host.environment,
  });
}

async function requireApp(context: CommandContext, name: string | undefined): Promise<ResolvedApp> {
  const config = await context.config();
  if (config === undefined) {
    const problem =
      'to restore in place the app must be known, and there is no keepsake.yaml; to copy it out, add --target DIR';
    throw new KeepsakeError('CLI_USAGE', { problem, command: 'keepsake restore' });
  }
  return resolveApp(config, chooseApp(config, name), { exists: existsSync });
}

/** Where a cut-off change may have left its journal; a layout that is half replaced tells nothing. */
export async function knownPaths(context: CommandContext): Promise<string[]> {
  const config = await context.config();
  const paths: string[] = [];
  for (const [name, { root }] of Object.entries(config?.apps ?? {})) {
    if (root !== undefined) paths.push(root, `${root}/any`);
    try {
      if (config !== undefined) {
        const app = resolveApp(config, name, { exists: existsSync });
        paths.push(...pathsOf(app));
      }
    } catch {
      // The pointer in the state folder leads there as well.
    }
  }
  return paths;
}

function parsePart({ only, live }: InPlaceFlags): ChangePart {
  if (only === undefined) return live === true ? 'database' : 'all';
  if (only === 'database' || (only === 'uploads' && live !== true)) return only;
  const problem = `"${only}" cannot be restored alone${live === true ? ' with --live' : ''}; there is: database${live === true ? '' : ', uploads'}`;
  throw new KeepsakeError('SETTING_INVALID', { name: '--only', problem });
}
