/** Writes the run of a command into the history, however it ended. Loaded when a run has ended. */
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import { describeCause } from '../base/errors/keepsake-error.ts';
import { ExitCode } from '../base/exit-code.ts';
import { recordRun } from '../monitor/history.ts';
import type { RunOutcome } from '../monitor/run-record.ts';
import type { CommandContext } from './command-context.ts';
import type { RunNote } from './run-note.ts';

export type RunEnd = { readonly code: ExitCode } | { readonly error: unknown };

/** Never throws, and says at most once that there is no record. */
export async function recordNote(
  context: CommandContext,
  { verb, startedAt, startedMs, facts }: RunNote,
  end: RunEnd,
): Promise<void> {
  if ('error' in end && isKeepsakeError(end.error, 'CLI_USAGE')) return;
  const { clock } = context.host.workbench;
  const run = {
    verb,
    startedAt,
    durationMs: clock.monotonicMs() - startedMs,
    ...outcomeOf(end),
    ...facts,
    ...('error' in end && outcomeOf(end)),
  };
  const warn = (message: string): void => context.output.notice(message);
  recordRun(await context.stateFolder(), run, { warn });
}

/** It never began: somebody else is at work, there is nothing to do, or the person said no. */
const NOT_BEGUN = [
  'CHANGE_DECLINED',
  'CHANGE_NONE',
  'CHANGE_UNDER_WAY',
  'CHANGE_UNFINISHED',
  'REPOSITORY_LOCKED',
] as const;

function outcomeOf(end: RunEnd): { outcome: RunOutcome; reason?: string } {
  if ('error' in end) {
    const outcome = isKeepsakeError(end.error, ...NOT_BEGUN) ? 'skipped' : 'failed';
    return { outcome, reason: describeCause(end.error) };
  }
  if (end.code === ExitCode.ok) return { outcome: 'ok' };
  return { outcome: end.code === ExitCode.partial ? 'partial' : 'failed' };
}
