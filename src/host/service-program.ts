/** Asks `systemctl` or `docker` something and takes the answer apart. */
import { withoutSecrets } from './command-environment.ts';
import { runCommand } from './run-command.ts';
import type { ServiceHost } from './service.ts';

export interface ServiceAnswer {
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  /** The last it complained of, for an error. */
  readonly reason: string;
}

export interface AskOptions {
  readonly limitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A manager that does not answer a question in this time is ill. */
const QUESTION_LIMIT_MS = 30_000;

/** @throws HOST_PROGRAM_FAILED */
export async function askManager(
  argv: readonly string[],
  { clock, environment }: ServiceHost,
  { limitMs = QUESTION_LIMIT_MS, signal }: AskOptions = {},
): Promise<ServiceAnswer> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const { exitCode, timedOut } = await runCommand(argv, {
    clock,
    // What they say is taken apart, so it must not be translated.
    environment: { ...withoutSecrets(environment), LC_ALL: 'C.UTF-8' },
    limitMs,
    signal,
    onLine: (line, stream) => (stream === 'stdout' ? stdout : stderr).push(line),
  });
  return { exitCode, timedOut, stdout: stdout.join('\n'), reason: reasonOf(stderr, exitCode) };
}

/** The first line says what failed; those after it where to look, which our hint says. */
function reasonOf(stderr: readonly string[], exitCode: number | null): string {
  const first = stderr.map((line) => line.trim()).find((line) => line !== '');
  return first?.replace(/\.$/, '') ?? `it ended with exit code ${exitCode ?? 'none (killed)'}`;
}
