/** Runs a program at a terminal of its own (`script` of Debian's bsdutils) and talks with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Dialogue {
  /** What the program shows before the answer is typed. */
  readonly after: string;
  readonly type: string;
}

export interface TerminalResult {
  readonly exitCode: number | null;
  /** All that was seen on the screen. */
  readonly screen: string;
}

const TIMEOUT_MS = 60_000;

/** Answers come one after the other, each only once its question is there. */
export async function runAtTerminal(
  argv: readonly string[],
  dialogue: readonly Dialogue[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<TerminalResult> {
  const command = argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: TIMEOUT_MS,
  });
  let screen = '';
  let seenUpTo = 0;
  let next = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    const step = dialogue[next];
    const at = step === undefined ? -1 : screen.indexOf(step.after, seenUpTo);
    if (step === undefined || at < 0) return;
    seenUpTo = at + step.after.length;
    next += 1;
    child.stdin.write(step.type);
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, screen };
}
