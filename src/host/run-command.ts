/**
 * Runs a program of the app or of the machine: as a given user, for a limited time, its output told
 * line by line. By argv, never through a shell.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import { siblingModule } from '../base/sibling-module.ts';
import type { Account } from './accounts.ts';
import type { Environment } from './command-environment.ts';
import { LineTail, type OutputStream } from './line-tail.ts';
import type { RunAsFailure, RunAsRequest } from './run-as-protocol.ts';
import { errnoCode } from './system-call-error.ts';

export interface CommandOptions {
  readonly clock: Clock;
  /** All of it: nothing is added. */
  readonly environment: Environment;
  readonly workingFolder?: string | undefined;
  /** Without it: as whoever runs Keepsake. */
  readonly runAs?: Account | undefined;
  /** After this the program and all it started get TERM, and KILL if that does not help. */
  readonly limitMs?: number | undefined;
  readonly killAfterMs?: number | undefined;
  /** It leaves a daemon behind that may go on writing: its output goes to a file, told at the end. */
  readonly outlived?: boolean | undefined;
  /** In the hands of whoever sits there: it may ask, and writes to this descriptor of ours itself. */
  readonly terminal?: 1 | 2 | undefined;
  /** Ends with Keepsake, also when that is killed; if it fails, what it started ends with it. */
  readonly tied?: boolean | undefined;
  /** What ends it first. Default TERM. */
  readonly endedBy?: NodeJS.Signals | undefined;
  readonly onLine?: ((line: string, stream: OutputStream) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CommandResult {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly endedBy: NodeJS.Signals | null;
  readonly timedOut: boolean;
  /** Of stdout and stderr, for a report. */
  readonly lastLines: readonly string[];
}

const KEPT_LINES = 50;
const KILL_AFTER_MS = 10_000;
/** A daemon that the program left behind may hold the pipe for ever. */
const DRAIN_MS = 500;
const OUTPUT_READ_BYTES = 65_536;

type End = Pick<CommandResult, 'exitCode' | 'endedBy'>;

/**
 * Any exit code is a result. Rejects with `signal.reason` when aborted, once the program is gone.
 *
 * @throws HOST_PROGRAM_FAILED, HOST_USER_DENIED
 */
export async function runCommand(
  argv: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { clock, signal, onLine } = options;
  signal?.throwIfAborted();
  await assertFolder(argv, options.workingFolder);
  await using output = await openOutput(options);
  const child = startCommand(argv, options, output.stdio);
  const tail = new LineTail(KEPT_LINES, onLine);
  const drained = Promise.all([follow(child, 'stdout', tail), follow(child, 'stderr', tail)]);
  const ended = endOf(child, argv);
  const over = new AbortController();
  const limiting = limitCommand(child, options, { ended, over: over.signal });
  try {
    const end = await ended;
    over.abort();
    // Whoever takes back what it did must be alone.
    if (options.tied === true && end.exitCode !== 0) killGroup(child, 'SIGKILL');
    const timedOut = await limiting;
    await Promise.race([drained, clock.sleep(DRAIN_MS)]);
    await output.readInto(tail);
    tail.end();
    signal?.throwIfAborted();
    return { ...end, timedOut, lastLines: tail.lines };
  } finally {
    over.abort();
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

interface Output extends AsyncDisposable {
  readonly stdio: StdioTriple;
  readInto(tail: LineTail): Promise<void>;
}

type StdioTriple = [stdin: 'ignore' | 'inherit', stdout: 'pipe' | number, stderr: 'pipe' | number];

async function openOutput({ outlived = false, terminal }: CommandOptions): Promise<Output> {
  if (!outlived) {
    const stdio: StdioTriple =
      terminal === undefined ? ['ignore', 'pipe', 'pipe'] : ['inherit', terminal, 2];
    return { stdio, readInto: async () => {}, [Symbol.asyncDispose]: async () => {} };
  }
  const folder = await mkdtemp(join(tmpdir(), 'keepsake-output-'));
  const file = await open(join(folder, 'output'), 'ax+', 0o600);
  await rm(folder, { recursive: true });
  return {
    stdio: ['ignore', file.fd, file.fd],
    async readInto(tail) {
      const { size } = await file.stat();
      const sizeBytes = Math.min(size, OUTPUT_READ_BYTES);
      const { buffer } = await file.read(Buffer.alloc(sizeBytes), 0, sizeBytes, size - sizeBytes);
      tail.push('stdout', buffer);
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

function startCommand(
  argv: readonly string[],
  { runAs: user, environment, workingFolder, tied = false }: CommandOptions,
  stdio: StdioTriple,
): ChildProcess {
  // A process group of its own, so that what it starts can be ended with it.
  const detached = true;
  const [program = '', ...args] = argv;
  if (user === undefined && !tied) {
    const folder = workingFolder === undefined ? {} : { cwd: workingFolder };
    return spawn(program, args, { ...folder, env: environment, stdio, detached });
  }
  const own = process.getuid?.();
  if (user !== undefined && own !== 0 && own !== user.uid) {
    throw new KeepsakeError('HOST_USER_DENIED', { user: user.name });
  }
  const main = siblingModule(import.meta.url, './run-as-main');
  const options = { cwd: '/', env: {}, stdio: [...stdio, 'ipc'] satisfies StdioOptions, detached };
  const child = spawn(process.execPath, [main], options);
  const request: RunAsRequest = {
    argv,
    environment,
    workingFolder: workingFolder ?? '/',
    ...(user !== undefined && { user }),
    tied,
  };
  child.send(request, () => {}); // if it is gone already, its end says so
  return child;
}

async function follow(child: ChildProcess, name: OutputStream, tail: LineTail): Promise<void> {
  const stream = child[name];
  if (stream === null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.on('data', (bytes: Uint8Array) => tail.push(name, bytes));
  stream.on('close', resolve).on('error', resolve);
  await promise;
}

async function endOf(child: ChildProcess, argv: readonly string[]): Promise<End> {
  const { promise, resolve, reject } = Promise.withResolvers<End>();
  let failure: RunAsFailure | undefined;
  child.on('message', (message: RunAsFailure) => {
    failure = message;
  });
  child.on('error', (error) => reject(programFailed(argv, describeStart(error))));
  child.on('exit', (exitCode, endedBy) => {
    if (failure === undefined) resolve({ exitCode, endedBy });
    else reject(programFailed(argv, failure.reason));
  });
  return promise;
}

interface Watch {
  readonly ended: Promise<unknown>;
  readonly over: AbortSignal;
}

/** True when the limit was reached. Returns after the program's end in each case. */
async function limitCommand(
  child: ChildProcess,
  { clock, limitMs, killAfterMs = KILL_AFTER_MS, endedBy = 'SIGTERM', signal }: CommandOptions,
  { ended, over }: Watch,
): Promise<boolean> {
  const until = signal === undefined ? over : AbortSignal.any([over, signal]);
  const limit = limitMs ?? Number.MAX_SAFE_INTEGER;
  const late = await sleepUntil(clock, limit, until);
  if (over.aborted) return false;
  killGroup(child, endedBy);
  const stayed = await sleepUntil(clock, killAfterMs, over);
  if (stayed) killGroup(child, 'SIGKILL');
  await ended.catch(() => {});
  killGroup(child, 'SIGKILL'); // what it started and left behind
  return late;
}

/** False when the signal came first. */
async function sleepUntil(clock: Clock, durationMs: number, signal: AbortSignal): Promise<boolean> {
  const MAX_TIMER_MS = 2 ** 31 - 1;
  try {
    await clock.sleep(Math.min(durationMs, MAX_TIMER_MS), { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

function killGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // Nothing of the group is left.
  }
}

async function assertFolder(argv: readonly string[], folder: string | undefined): Promise<void> {
  if (folder === undefined) return;
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw programFailed(argv, `${folder}, where it has to run, is no folder`);
  }
}

function describeStart(error: unknown): string {
  const code = errnoCode(error);
  if (code === 'ENOENT') return 'there is no such program';
  if (code === 'EACCES') return 'it is not executable';
  return describeCause(error);
}

/** Names the program alone: its arguments may hold secrets. */
function programFailed([program = '']: readonly string[], reason: string): KeepsakeError {
  return new KeepsakeError('HOST_PROGRAM_FAILED', { program, reason });
}
