/** What a drill says of a snapshot. Pure. */
import type { ConfinedResult } from '../../host/confined-protocol.ts';
import type { DrillOutcome, RecoveryEvidence } from './drill-evidence.ts';

/** How far the copy got. */
export type StartedCopy =
  /** It was not tried: nothing says how, or this machine cannot. */
  | { readonly kind: 'not-started'; readonly reason: string }
  | { readonly kind: 'started'; readonly result: ConfinedResult };

export interface DrillVerdict {
  readonly outcome: DrillOutcome;
  /** Absent when it is proven. */
  readonly reason?: string;
}

/** `undefined`: the restored data was not as it was backed up, and nothing was started on it. */
export function judgeDrill(
  copy: StartedCopy | undefined,
  recovery?: RecoveryEvidence,
): DrillVerdict {
  const last = recovery?.commands.at(-1);
  if (last !== undefined && last.exitCode !== 0) {
    const line = last.text.split('\n')[0] ?? '';
    const reason = `a line of the recovery sheet failed (exit code ${last.exitCode ?? 'none'}): ${line}`;
    return { outcome: 'failed', reason };
  }
  if (copy === undefined) {
    return { outcome: 'failed', reason: 'what was restored is not what was backed up' };
  }
  if (copy.kind === 'not-started') return { outcome: 'inconclusive', reason: copy.reason };
  const { verdict, end, startFailure } = copy.result;
  if (startFailure !== undefined) return { outcome: 'inconclusive', reason: startFailure };
  switch (verdict?.kind) {
    case 'healthy':
      return { outcome: 'proven' };
    case 'unhealthy': {
      const means = verdict.means === undefined ? '' : `: ${verdict.means}`;
      return { outcome: 'failed', reason: `the copy answered ${verdict.reason}${means}` };
    }
    case 'timeout':
      return {
        outcome: 'inconclusive',
        reason: `the copy did not answer in time (${verdict.lastError})`,
      };
    case undefined:
      return judgeEnd(copy.result, end);
  }
}

const PORT_IN_USE = /EADDRINUSE|address already in use/i;

function judgeEnd({ lastLines }: ConfinedResult, end: ConfinedResult['end']): DrillVerdict {
  if (lastLines.some((line) => PORT_IN_USE.test(line))) {
    return { outcome: 'inconclusive', reason: 'the port of the copy was taken' };
  }
  const how = end?.endedBy ?? `exit code ${end?.exitCode ?? 'unknown'}`;
  return { outcome: 'failed', reason: `the copy ended before it answered (${how})` };
}
