/** Asks for a password at the terminal. What is typed is never shown. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { CliHost, TerminalInput } from './cli-host.ts';

type AskingHost = Pick<CliHost, 'terminalInput' | 'stderr' | 'signal'>;

/** Both ends must be a terminal: the question goes to stderr, since stdout may hold the result. */
export function canAsk({ terminalInput, stderr }: AskingHost): boolean {
  return stderr.isTTY === true && terminalInput().isTTY === true;
}

/** Asks twice. Throws `PASSWORD_EMPTY`, `PASSWORD_MISTYPED`. */
export async function askNewPassword(host: AskingHost, what: string): Promise<string> {
  const password = await askHidden(host, `${what}: `);
  if (password === '') throw new KeepsakeError('PASSWORD_EMPTY', {});
  const again = await askHidden(host, 'once more: ');
  if (password !== again) throw new KeepsakeError('PASSWORD_MISTYPED', {});
  return password;
}

/** One line. Throws `CANCELLED` on Ctrl-C, and where the input ends before the line does. */
export async function askHidden(host: AskingHost, question: string): Promise<string> {
  const { stderr, signal } = host;
  signal.throwIfAborted();
  const input = host.terminalInput();
  input.setRawMode?.(true);
  // Only now, when nothing that is typed shows any more.
  stderr.write(question);
  try {
    return await readLine(input, signal);
  } finally {
    input.setRawMode?.(false);
    input.pause();
    stderr.write('\n');
  }
}

/** Up to the end of the line, as typed. */
export function readLine(input: TerminalInput, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  let line: readonly string[] = [];
  const onData = (chunk: Uint8Array): void => {
    const keys = Array.from(decoder.decode(chunk, { stream: true }));
    for (const [at, key] of keys.entries()) {
      const next = typed(line, key);
      if (next === 'done') {
        giveBack(input, onData, keys.slice(at + 1).join(''));
        return resolve(line.join(''));
      }
      if (next === 'cancelled') return reject(cancelled('Ctrl-C'));
      line = next;
    }
  };
  const onEnd = (): void => reject(cancelled('the terminal was closed'));
  const onAbort = (): void => reject(signal.reason as Error);
  input.on('data', onData);
  input.on('end', onEnd);
  signal.addEventListener('abort', onAbort);
  input.resume();
  return promise.finally(() => {
    input.off('data', onData);
    input.off('end', onEnd);
    signal.removeEventListener('abort', onAbort);
  });
}

/** What was typed or pasted ahead answers the next question. */
function giveBack(input: TerminalInput, reader: (chunk: Uint8Array) => void, rest: string): void {
  if (rest === '') return;
  input.off('data', reader);
  input.pause();
  input.unshift(Buffer.from(rest));
}

/** What a key does to the line: in raw mode the terminal no longer does it. */
function typed(line: readonly string[], key: string): readonly string[] | 'done' | 'cancelled' {
  switch (key) {
    case '\r':
    case '\n':
      return 'done';
    case '\u0003': // Ctrl-C
      return 'cancelled';
    case '\u0004': // Ctrl-D ends a line that has begun, and gives up on an empty one
      return line.length > 0 ? 'done' : 'cancelled';
    case '\u0015': // Ctrl-U
      return [];
    case '\b':
    case '\u007F':
      return line.slice(0, -1);
    default:
      return [...line, key];
  }
}

function cancelled(reason: string): KeepsakeError {
  return new KeepsakeError('CANCELLED', { reason });
}
