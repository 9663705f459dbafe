/** Runs a program by argv, never through a shell. */
import { spawn } from 'node:child_process';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ProgramResult {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
}

/** Its stderr goes to ours, so that a person sees what it asks or complains about. */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  { environment, signal }: RunOptions = {},
): Promise<ProgramResult> {
  const child = spawn(program, args, {
    stdio: ['inherit', 'pipe', 'inherit'],
    ...(environment === undefined ? {} : { env: environment }),
    ...(signal === undefined ? {} : { signal }),
  });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject).on('close', resolve);
  try {
    const exitCode = await promise;
    return { exitCode, stdout: Buffer.concat(parts).toString('utf8') };
  } catch (error) {
    signal?.throwIfAborted();
    const reason = describeCause(error);
    throw new KeepsakeError('HOST_PROGRAM_FAILED', { program, reason }, { cause: error });
  }
}
