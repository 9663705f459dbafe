/** `history`: what ran on this machine. */
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { readRuns, type HistoryQuery } from '../monitor/history.ts';
import type { RunRecord } from '../monitor/run-record.ts';

/** Oldest first. Throws `HISTORY_UNREADABLE`. */
export function readHistory(stateFolder: string, query: HistoryQuery): readonly RunRecord[] {
  try {
    return readRuns(stateFolder, query).reverse();
  } catch (error) {
    const reason = describeCause(error);
    throw new KeepsakeError('HISTORY_UNREADABLE', { stateFolder, reason }, { cause: error });
  }
}
