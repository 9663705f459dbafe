/** The other way back: what stock restic restores. */
import { dirname, join } from 'node:path';
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { withoutSecrets, type Environment } from '../../host/command-environment.ts';
import { runConfined } from '../../host/confined-run.ts';
import { runCommand } from '../../host/run-command.ts';
import type { VerifyEvent } from '../verify-input.ts';
import type { RepositoryChoice, Workbench } from '../workbench.ts';

/** Reads repositories of version 2 since. */
const NEEDED_MINOR = 14;
const ASK_LIMIT_MS = 10_000;

export type FoundRestic =
  | { readonly version: string; readonly problem?: undefined }
  | { readonly version?: undefined; readonly problem: string };

export interface ResticAccess {
  readonly environment: Environment;
  readonly signal?: AbortSignal | undefined;
}

/** `restic 0.14.0`, or why it cannot be used. */
export async function findRestic(
  { clock }: Workbench,
  { environment, signal }: ResticAccess,
): Promise<FoundRestic> {
  const own = withoutSecrets(environment);
  const how = { clock, environment: own, limitMs: ASK_LIMIT_MS, signal };
  try {
    const { lastLines } = await runCommand(['restic', 'version'], how);
    return judgeVersion(lastLines.join('\n'));
  } catch (error) {
    if (!(error instanceof KeepsakeError) || error.code !== 'HOST_PROGRAM_FAILED') throw error;
    return { problem: 'restic is not on PATH' };
  }
}

export function judgeVersion(text: string): FoundRestic {
  const [version, major, minor] = /restic (\d+)\.(\d+)\S*/.exec(text) ?? [];
  if (version === undefined) return { problem: 'it does not tell its version' };
  const isNewEnough = Number(major) > 0 || Number(minor) >= NEEDED_MINOR;
  return isNewEnough ? { version } : { problem: `${version} is too old, 0.14 is needed` };
}

export interface ResticRestore extends ResticAccess {
  readonly repository: RepositoryChoice;
  readonly snapshot: string;
  /** The folder above it is private. */
  readonly target: string;
}

/** As a person would, but for the lock: the drill holds one. Ends with Keepsake. */
export async function* restoreByRestic(
  { clock }: Workbench,
  { repository, snapshot, target, environment, signal }: ResticRestore,
  failed: Map<string, KeepsakeError>,
): AsyncGenerator<VerifyEvent> {
  const result = await runConfined(
    {
      argv: ['restic', 'restore', snapshot, '--target', target, '--no-lock'],
      environment: {
        ...withoutSecrets(environment),
        RESTIC_REPOSITORY: repository.location,
        RESTIC_PASSWORD: repository.password,
        RESTIC_CACHE_DIR: join(dirname(target), 'restic-cache'),
      },
      needsLoopback: false,
      mounts: [],
    },
    { clock, prefix: [], path: environment['PATH'], signal },
  );
  const { end, startFailure, lastLines } = result;
  if (end?.exitCode === 0) return;
  const reason =
    startFailure ?? lastLines.findLast((line) => line.trim() !== '') ?? 'no reason given';
  const error = new KeepsakeError('DRILL_RESTIC_FAILED', { reason });
  failed.set('/', error);
  yield { kind: 'item-error', path: '/', error };
}
