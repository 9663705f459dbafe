/** How a command says that it failed. */
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { Output } from './output.ts';

/** Prints the error and returns the exit code it calls for. */
export function renderError(output: Output, error: unknown, debug: boolean): ExitCode {
  const { code, message, hint, exitCode } = describe(firstFailure(error));
  output.emitAside({ message_type: 'exit_error', code: exitCode, error: code, message, hint });
  output.warn(`${output.style(['red', 'bold'], 'keepsake:')} ${message}`);
  if (hint !== '') output.warn(`  ${hint}`);
  if (debug && error instanceof Error) output.warn(stackOf(error));
  return exitCode;
}

/** What failed first: giving things back after a failure often fails for the same reason. */
function firstFailure(error: unknown): unknown {
  return error instanceof SuppressedError ? firstFailure(error.suppressed) : error;
}

interface ErrorText {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exitCode: ExitCode;
}

function describe(error: unknown): ErrorText {
  if (isKeepsakeError(error)) {
    const { code, message, hint, exitCode } = error;
    return { code, message, hint, exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'UNEXPECTED',
    message: `unexpected: ${message}`,
    hint: 'This is a bug in Keepsake. Whether the repository is sound tells `keepsake check`. Run the command again with --debug and report what it prints.',
    exitCode: ExitCode.failed,
  };
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
