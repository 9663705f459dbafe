/** Runs programs by argv, never through a shell. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment of the caller; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
  /** After this the whole process group is killed and `runProgram` throws. Default two minutes. */
  readonly timeoutMs?: number;
}

export interface ProgramResult {
  readonly argv: readonly string[];
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly endedBy: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stdoutBytes: Uint8Array;
  readonly stderr: string;
}

/** Runs to the end; any exit code is a result. Throws if it cannot be started or takes too long. */
export async function runProgram(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<ProgramResult> {
  const { input, timeoutMs = 120_000 } = options;
  const child = spawnArgv(argv, options, ['pipe', 'pipe', 'pipe']);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killGroup(child, 'SIGKILL');
  }, timeoutMs);
  try {
    child.stdin?.on('error', () => {}); // a program may end without reading its input
    child.stdin?.end(input ?? '');
    const [stdout, stderr, [exitCode, endedBy]] = await Promise.all([
      buffer(child.stdout!),
      buffer(child.stderr!),
      once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
    ]);
    const result = {
      argv,
      exitCode,
      endedBy,
      stdout: stdout.toString(),
      stdoutBytes: stdout,
      stderr: stderr.toString(),
    };
    if (late) throw new Error(`took longer than ${timeoutMs} ms: ${describeResult(result)}`);
    return result;
  } finally {
    clearTimeout(timer);
  }
}

/** As `runProgram`, but anything else than exit code 0 throws with all the program said. */
export async function runProgramOk(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<ProgramResult> {
  const result = await runProgram(argv, options);
  if (result.exitCode !== 0) throw new Error(describeResult(result));
  return result;
}

export function describeResult({ argv, exitCode, endedBy, stdout, stderr }: ProgramResult): string {
  const said = [stdout.trim(), stderr.trim()].filter((text) => text !== '').join('\n');
  return `${argv.join(' ')} ended with ${endedBy ?? `exit code ${exitCode}`}\n${said}`;
}

export interface RunningProgram extends AsyncDisposable {
  readonly pid: number;
  /** Lines of stdout, as they come; ends with the program. To be read by one reader. */
  readonly lines: AsyncIterable<string>;
  /** All of stderr so far. */
  stderr(): string;
  signal(name: NodeJS.Signals): void;
  /** Waits for the end. */
  ended(): Promise<{ exitCode: number | null; endedBy: NodeJS.Signals | null }>;
}

/** Starts a program that goes on beside the caller; disposing kills it if it still runs. */
export function startProgram(argv: readonly string[], options: RunOptions = {}): RunningProgram {
  const child = spawnArgv(argv, options, ['ignore', 'pipe', 'pipe']);
  const end = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  end.catch(() => {}); // told to whoever asks with ended()
  let errors = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const lines = createInterface({ input: child.stdout! });
  return {
    pid: child.pid ?? -1,
    lines,
    stderr: () => errors,
    signal: (name) => void child.kill(name),
    async ended() {
      const [exitCode, endedBy] = await end;
      return { exitCode, endedBy };
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) killGroup(child, 'SIGKILL');
      child.stdout!.destroy();
      await end.catch(() => {});
    },
  };
}

function spawnArgv(
  argv: readonly string[],
  { cwd, env }: RunOptions,
  stdio: ('pipe' | 'ignore')[],
): ChildProcess {
  const [command = '', ...args] = argv;
  return spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio,
    detached: true, // a process group of its own, so that its children can be killed with it
  });
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal); // the group is gone already
  }
}
