/** Standard output or error of the process: bytes at the pace of the reader, and quiet when it left. */
import { KeepsakeError } from '../base/errors/keepsake-error.ts';
import { errnoCode } from '../host/system-call-error.ts';
import type { OutputStream } from './cli-host.ts';

export class StandardStream implements OutputStream {
  readonly #stream: NodeJS.WriteStream;
  #failure: Error | undefined;
  readonly #note = (error: Error | null | undefined): void => {
    this.#failure ??= error ?? undefined;
  };

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    // Without a listener the first write after `| head` has ended would crash the process, a backup too.
    stream.on('error', this.#note);
  }

  get isTTY(): boolean | undefined {
    return this.#stream.isTTY;
  }

  get columns(): number | undefined {
    return this.#stream.columns;
  }

  write(data: string | Uint8Array): void {
    if (this.#failure === undefined) this.#stream.write(data, this.#note);
  }

  async drained({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    signal?.throwIfAborted();
    if (this.#failure === undefined && this.#stream.writableNeedDrain) await this.#wait(signal);
    signal?.throwIfAborted();
    this.#throwFailure();
  }

  async flushed(): Promise<void> {
    if (this.#failure === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#stream.write('', (error) => {
        this.#note(error);
        resolve();
      });
      await promise;
    }
    this.#throwFailure();
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => resolve();
    const events = ['drain', 'error', 'close'] as const;
    for (const event of events) this.#stream.once(event, done);
    signal?.addEventListener('abort', done, { once: true });
    await promise;
    for (const event of events) this.#stream.off(event, done);
    signal?.removeEventListener('abort', done);
  }

  #throwFailure(): void {
    const failure = this.#failure;
    if (failure === undefined) return;
    if (errnoCode(failure) === 'EPIPE') throw new KeepsakeError('CLI_OUTPUT_CLOSED', {});
    const reason = failure.message;
    throw new KeepsakeError('CLI_OUTPUT_FAILED', { reason }, { cause: failure });
  }
}
