import { errorCatalogue, type ErrorCode, type ErrorDetails } from './catalogue.ts';
import type { ErrorEntry } from './define-errors.ts';
import type { ExitCode } from '../exit-code.ts';

/**
 * The one error class. `message` says what failed on which object and why, `hint` the state of the
 * data and the next step, `details` the facts for programs (never a secret).
 */
export class KeepsakeError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'KeepsakeError';
  readonly code: C;
  readonly hint: string;
  readonly details: ErrorDetails<C>;
  readonly retry: 'never' | 'later';
  readonly exitCode: ExitCode;

  constructor(code: C, details: ErrorDetails<C>, options: { cause?: unknown } = {}) {
    const definition = errorCatalogue[code] as unknown as ErrorEntry<object>;
    super(definition.message(details), options);
    this.code = code;
    this.details = details;
    this.hint = definition.hint(details);
    this.retry = definition.retry ?? 'never';
    this.exitCode = definition.exit;
  }
}

/** True for a `KeepsakeError`, of one of `codes` if any are given. */
export function isKeepsakeError<C extends ErrorCode>(
  error: unknown,
  ...codes: C[]
): error is KeepsakeError<C> {
  return (
    error instanceof KeepsakeError &&
    (codes.length === 0 || (codes as string[]).includes(error.code))
  );
}

/** The text of anything thrown, for a message or a `cause` in words. */
export function describeCause(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** For our own bugs: states that cannot be, said aloud. */
export function assertInternal(condition: unknown, what: string): asserts condition {
  if (condition === false || condition === undefined || condition === null) {
    throw new KeepsakeError('INTERNAL', { what });
  }
}
