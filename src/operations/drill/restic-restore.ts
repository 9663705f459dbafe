/**
 * The other way back: what the recovery sheet's lines bring back by stock restic. Here a shell runs
 * text, because that text is what is tried: what a person would type from the paper.
 */
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { fsPath } from '../../base/raw-name.ts';
import { findAccount, idOfGroup } from '../../host/accounts.ts';
import { withoutSecrets } from '../../host/command-environment.ts';
import { runConfined } from '../../host/confined-run.ts';
import type { ConfinedResult } from '../../host/confined-protocol.ts';
import type { RecoverySubject } from '../recovery/recovery-commands.ts';
import {
  decodeNotes,
  rehearsalScript,
  rehearsedCommands,
  type CommandOutcome,
  type Rehearsal,
  type SkippedStep,
} from '../recovery/rehearsed-commands.ts';
import type { VerifyEvent } from '../verify-input.ts';
import type { Workbench } from '../workbench.ts';
import type { DrillInput } from './drill-input.ts';
import type { RecoveryEvidence } from './drill-evidence.ts';
import { moveLeftOver } from './move-left-over.ts';

export interface ResticRestore {
  readonly input: DrillInput;
  readonly snapshot: string;
  /** Where the restored files are in the end. The folder above it is private, and all of it goes. */
  readonly into: string;
}

/** What the lines leave out is in `into` in the end, too. Ends with Keepsake. */
export async function* restoreByRestic(
  { clock }: Workbench,
  { input, snapshot, into }: ResticRestore,
  failed: Map<string, KeepsakeError>,
): AsyncGenerator<VerifyEvent, RecoveryEvidence> {
  const { environment, signal } = input;
  const folder = dirname(into);
  const target = join(folder, 'by-restic');
  await using password = await passwordFileFor(input, folder);
  const rehearsal = rehearsedCommands(subjectOf(input), {
    places: { target, into, snapshot },
    passwordFile: password.path,
    skip: skippedSteps(input),
  });
  const [script, notes] = [join(folder, 'lines.sh'), join(folder, 'lines.done')];
  await writeFile(script, rehearsalScript(rehearsal.commands, notes), { mode: 0o600 });
  const result = await runConfined(
    {
      argv: ['sh', '-eu', script],
      environment: {
        ...withoutSecrets(environment),
        RESTIC_CACHE_DIR: join(folder, 'restic-cache'),
      },
      needsLoopback: false,
      mounts: [],
    },
    { clock, prefix: [], path: environment['PATH'], signal },
  );
  const outcomes = decodeNotes(await readFile(notes, 'utf8').catch(() => ''));
  const evidence = evidenceOf(rehearsal, outcomes);
  const error = failureOf(evidence, result);
  if (error !== undefined) {
    failed.set('/', error);
    yield { kind: 'item-error', path: '/', error };
  }
  await moveLeftOver(target, into);
  return evidence;
}

function subjectOf({ app, hostname, repository, passwordFile }: DrillInput): RecoverySubject {
  return { app, hostname, location: repository.location, passwordFile };
}

interface HeldFile extends AsyncDisposable {
  /** Absent: the sheet's own is here. */
  readonly path: string | undefined;
}

/** The sheet's own where this machine has it: so a stale one is found out. */
async function passwordFileFor(
  { passwordFile, repository }: DrillInput,
  folder: string,
): Promise<HeldFile> {
  try {
    await access(fsPath(passwordFile), constants.R_OK);
    return { path: undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  } catch {
    const path = join(folder, 'restic-password');
    await writeFile(path, repository.password, { mode: 0o600, flag: 'wx' });
    return { path, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
  }
}

function skippedSteps({ app }: DrillInput): SkippedStep[] {
  const reason = 'a drill starts a copy of its own and asks that';
  const skipped = (['stop', 'start', 'health'] as const).map((step) => ({ step, reason }));
  const why = ownerProblem(app.owner);
  return why === undefined ? skipped : [...skipped, { step: 'owner', reason: why }];
}

function ownerProblem(owner = ''): string | undefined {
  if (process.geteuid?.() !== 0) return 'only root may give files to somebody else';
  const [user = '', group = ''] = owner.split(':');
  const isNumber = (name: string): boolean => /^\d*$/.test(name);
  const isUser = isNumber(user) || findAccount(user) !== undefined;
  const isGroup = isNumber(group) || idOfGroup(group) !== undefined;
  return isUser && isGroup ? undefined : `${owner} is not known on this machine`;
}

function evidenceOf(
  { commands, skipped }: Rehearsal,
  outcomes: readonly CommandOutcome[],
): RecoveryEvidence {
  const run = commands.flatMap((command, at) => {
    const outcome = outcomes[at];
    return outcome === undefined ? [] : [{ ...command, ...outcome }];
  });
  return { commands: run, notRun: commands.slice(run.length).map(({ text }) => text), skipped };
}

function failureOf(
  { commands }: RecoveryEvidence,
  { end, startFailure, lastLines }: ConfinedResult,
): KeepsakeError | undefined {
  if (end?.exitCode === 0) return undefined;
  const reason =
    startFailure ?? lastLines.findLast((line) => line.trim() !== '') ?? 'no reason given';
  const [line = ''] = commands.at(-1)?.text.split('\n') ?? [];
  return new KeepsakeError('DRILL_RESTIC_FAILED', { line, reason });
}
