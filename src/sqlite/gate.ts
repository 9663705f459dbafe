/** The parent's side of the gate process (`gate-main.ts`). */
import { fork, type ChildProcess } from 'node:child_process';
import { assertInternal } from '../base/errors/keepsake-error.ts';
import { siblingModule } from '../base/sibling-module.ts';
import type { GateAnswer, GateRequest } from './gate-protocol.ts';

export type FinalAnswer = Exclude<GateAnswer, { kind: 'locked' }>;

/** The process ended without being asked to. */
export class GateDiedError extends Error {}

interface Call {
  readonly resolve: (answer: FinalAnswer) => void;
  readonly reject: (reason: unknown) => void;
  readonly onLocked: (() => void) | undefined;
}

export interface GateCallOptions {
  signal?: AbortSignal | undefined;
  /** Called when the read lock is held. */
  onLocked?: (() => void) | undefined;
}

/**
 * One gate process, started by the first call and again after it was killed. Answers one call at a
 * time. A start costs about 50 ms, so captures that follow each other may share a gate.
 */
export class Gate implements AsyncDisposable {
  #child: ChildProcess | undefined;
  #call: Call | undefined;
  #errorText = '';

  /** Of the process that runs now. */
  get processId(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process, if it does not run, for a call that will come soon. */
  start(): void {
    this.#child ??= this.#start();
  }

  /** Rejects with `signal.reason` when aborted, or with `GateDiedError`; then nothing is locked. */
  async call(request: GateRequest, options: GateCallOptions = {}): Promise<FinalAnswer> {
    options.signal?.throwIfAborted();
    assertInternal(this.#call === undefined, 'a gate answers one call at a time');
    const child = (this.#child ??= this.#start());
    const { promise, resolve, reject } = Promise.withResolvers<FinalAnswer>();
    this.#call = { resolve, reject, onLocked: options.onLocked };
    const onAbort = () => void this.kill(options.signal?.reason);
    options.signal?.addEventListener('abort', onAbort, { once: true });
    child.send(request, (error) => {
      if (error !== null) void this.kill(new GateDiedError(error.message));
    });
    try {
      return await promise;
    } finally {
      options.signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Ends the process, and with it its locks; a call under way rejects with `reason`. */
  async kill(reason: unknown): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    const call = this.#call;
    this.#call = undefined;
    if (child !== undefined) await endProcess(child);
    call?.reject(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill(new GateDiedError('closed'));
  }

  #start(): ChildProcess {
    const { LD_LIBRARY_PATH: libraryPath } = process.env;
    const child = fork(siblingModule(import.meta.url, './gate-main'), [], {
      execArgv: ['--disable-warning=ExperimentalWarning', '--optimize-for-size'],
      // The environment may hold passwords: the gate needs none of it.
      env: libraryPath === undefined ? {} : { LD_LIBRARY_PATH: libraryPath },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#errorText = '';
    child.stderr?.on('data', (text: Uint8Array) => {
      this.#errorText = (this.#errorText + String(text)).slice(-2000);
    });
    child.on('message', (answer: GateAnswer) => {
      if (this.#child === child) this.#take(answer);
    });
    child.on('error', (error) => this.#end(child, error.message));
    // `close` comes after the last message and the last of stderr, `exit` may not.
    child.on('close', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `killed by ${signal}`;
      this.#end(child, [how, this.#errorText.trim().split('\n').at(-1)].filter(Boolean).join(': '));
    });
    return child;
  }

  #take(answer: GateAnswer): void {
    if (answer.kind === 'locked') {
      this.#call?.onLocked?.();
      return;
    }
    const call = this.#call;
    this.#call = undefined;
    call?.resolve(answer);
  }

  #end(child: ChildProcess, how: string): void {
    if (this.#child !== child) return; // ended by `kill`
    this.#child = undefined;
    this.#fail(new GateDiedError(how));
  }

  #fail(error: unknown): void {
    const call = this.#call;
    this.#call = undefined;
    call?.reject(error);
  }
}

/** Resolves when the process is gone, so that its locks are free and its files may be removed. */
async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.once('error', () => resolve());
  child.kill('SIGKILL');
  await promise;
}

export function openGate(): Gate {
  return new Gate();
}

/** `shared`, which its owner closes, or a gate that is closed with the result. */
export function ownGateUnless(shared: Gate | undefined): AsyncDisposable & { gate: Gate } {
  const gate = shared ?? openGate();
  return {
    gate,
    async [Symbol.asyncDispose]() {
      if (shared === undefined) await gate[Symbol.asyncDispose]();
    },
  };
}
