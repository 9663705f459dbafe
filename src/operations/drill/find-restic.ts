/** Whether stock restic is here, and new enough. */
import { KeepsakeError } from '../../base/errors/keepsake-error.ts';
import { withoutSecrets, type Environment } from '../../host/command-environment.ts';
import { runCommand } from '../../host/run-command.ts';
import type { Workbench } from '../workbench.ts';

/** Reads repositories of version 2 since. */
const NEEDED_MINOR = 14;
const ASK_LIMIT_MS = 10_000;

export type FoundRestic =
  | { readonly version: string; readonly problem?: undefined }
  | { readonly version?: undefined; readonly problem: string };

/** `restic 0.14.0`, or why it cannot be used. */
export async function findRestic(
  { clock }: Workbench,
  { environment, signal }: { environment: Environment; signal?: AbortSignal | undefined },
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
