import { canAsk, readLine } from './ask-password.ts';
import type { CliHost } from './cli-host.ts';

/** Anything but a yes is a no; `undefined` where nobody can be asked. */
export async function askYes(
  host: Pick<CliHost, 'terminalInput' | 'stderr' | 'signal'>,
  question: string,
): Promise<boolean | undefined> {
  if (!canAsk(host)) return undefined;
  host.signal.throwIfAborted();
  host.stderr.write(question);
  const input = host.terminalInput();
  try {
    return /^y(?:es)?$/i.test((await readLine(input, host.signal)).trim());
  } finally {
    input.pause();
  }
}
