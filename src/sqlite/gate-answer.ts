/** Turns what the gate answers, or why it does not, into errors of the catalogue. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { GateDiedError, type FinalAnswer, type Gate, type GateCallOptions } from './gate.ts';
import { primaryCode, SqliteCode, type GateRequest } from './gate-protocol.ts';

export type AnswerOf<K extends FinalAnswer['kind']> = Extract<FinalAnswer, { kind: K }>;

/** Calls the gate; `path` is the database that messages name. */
export async function callGate(
  gate: Gate,
  path: string,
  request: GateRequest,
  options: GateCallOptions = {},
): Promise<FinalAnswer> {
  try {
    return await gate.call(request, options);
  } catch (error) {
    if (!(error instanceof GateDiedError)) throw error;
    throw new KeepsakeError('CAPTURE_GATE_DIED', { path, how: error.message }, { cause: error });
  }
}

/** The answer of the kind that was asked for; anything else is thrown. */
export function expectAnswer<K extends FinalAnswer['kind']>(
  answer: FinalAnswer,
  kind: K,
  path: string,
): AnswerOf<K> {
  if (answer.kind === kind) return answer as AnswerOf<K>;
  throw answerError(answer, path);
}

/** For how long the lock was held. Only a gate that has held it all the time can release it. */
export async function releaseLock({
  gate,
  path,
  signal,
}: GateCallOptions & { readonly gate: Gate; readonly path: string }): Promise<number> {
  const answer = await callGate(gate, path, { kind: 'release' }, { signal });
  if (answer.kind === 'not-held') {
    throw new KeepsakeError('CAPTURE_GATE_DIED', { path, how: 'while it held the read lock' });
  }
  return expectAnswer(answer, 'released', path).readLockMs;
}

function answerError(answer: FinalAnswer, path: string): KeepsakeError {
  if (answer.kind === 'column-missing') {
    const { table, column } = answer;
    return new KeepsakeError('DATABASE_COLUMN_MISSING', { path, table, column });
  }
  if (answer.kind !== 'failed') {
    return new KeepsakeError('INTERNAL', { what: `the gate answered ${answer.kind}` });
  }
  const { message: reason, sqliteCode = 0 } = answer;
  const primary = primaryCode(sqliteCode);
  if (primary === SqliteCode.corrupt || primary === SqliteCode.notADatabase) {
    return new KeepsakeError('DATABASE_DAMAGED', { path, reason });
  }
  const withCode = sqliteCode === 0 ? reason : `${reason} (SQLite ${sqliteCode})`;
  return new KeepsakeError('DATABASE_UNREADABLE', { path, reason: withCode });
}
