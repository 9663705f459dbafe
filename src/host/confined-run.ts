/** Runs a program with what was taken from it, and leaves nothing of it running. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock } from '../base/clock.ts';
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { siblingModule } from '../base/sibling-module.ts';
import type { ConfinedRequest, ConfinedResult } from './confined-protocol.ts';
import { LineTail } from './line-tail.ts';

export interface ConfinedOptions {
  readonly clock: Clock;
  /** Of `findConfinement`; empty: in none. */
  readonly prefix: readonly string[];
  /** PATH, to find the prefix's program. */
  readonly path: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const GONE_LIMIT_MS = 15_000;
const KEPT_LINES = 5;

/**
 * Rejects with `signal.reason` when aborted, once it is gone.
 *
 * @throws HOST_PROGRAM_FAILED when the confinement itself could not be made
 */
export async function runConfined(
  request: ConfinedRequest,
  { clock, prefix, path, signal }: ConfinedOptions,
): Promise<ConfinedResult> {
  signal?.throwIfAborted();
  const main = siblingModule(import.meta.url, './confined-main');
  const [program, ...args] = [...prefix, process.execPath, main];
  const child = spawn(program, args, {
    cwd: '/',
    // Not the environment of what it runs, which comes over the pipe.
    env: path === undefined ? {} : { PATH: path },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
  });
  const answered = answerOf(child, program);
  child.send(request, () => {}); // if it is gone already, its end says so
  const onAbort = (): void => {
    if (child.connected) child.disconnect();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const result = await answered;
    signal?.throwIfAborted();
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await goneOrKilled(child, clock);
  }
}

async function answerOf(child: ChildProcess, program: string): Promise<ConfinedResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ConfinedResult>();
  const tail = new LineTail(KEPT_LINES);
  const failed = (reason: string): void =>
    reject(new KeepsakeError('HOST_PROGRAM_FAILED', { program, reason }));
  child.stderr?.on('data', (bytes: Uint8Array) => tail.push('stderr', bytes));
  child.on('message', resolve);
  child.on('error', (error) => failed(error.message));
  child.on('close', (exitCode) => {
    tail.end();
    failed(tail.lines.at(-1) ?? `it ended with exit code ${exitCode ?? 'none (killed)'}`);
  });
  return promise;
}

/** The group holds `unshare` and the first process of the namespace, with which all others end. */
async function goneOrKilled(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  child.on('exit', () => resolve());
  if (child.connected) child.disconnect();
  const over = new AbortController();
  const late = clock.sleep(GONE_LIMIT_MS, { signal: over.signal }).then(
    () => killGroup(child.pid ?? 0),
    () => {}, // it ended by itself
  );
  await gone;
  over.abort();
  await late;
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nothing of the group is left.
  }
}
