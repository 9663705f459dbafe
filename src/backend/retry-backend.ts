/** Tries again what may succeed later: failures whose error says `retry: 'later'`, and no others. */
import { equalBytes } from '../base/bytes.ts';
import type { Clock, Random } from '../base/clock.ts';
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import type {
  Backend,
  CallOptions,
  FileHandle,
  FileKind,
  ListedFile,
  LoadOptions,
} from './backend.ts';
import { handlePath } from './layout.ts';
import { WrappedBackend } from './wrapped-backend.ts';

export interface Retry {
  readonly operation: 'create' | 'save' | 'load' | 'stat' | 'list' | 'remove';
  /** The file's place in the repository, or what is listed. */
  readonly what: string;
  readonly error: unknown;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  readonly delayMs: number;
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** In all; default 10, which is about three minutes. */
  readonly attempts?: number | undefined;
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 60_000;

export function withRetry(backend: Backend, options: RetryOptions): Backend {
  return new RetryBackend(backend, options);
}

type Call = Pick<Retry, 'operation' | 'what'> & CallOptions;

class RetryBackend extends WrappedBackend {
  readonly #options: RetryOptions;

  constructor(inner: Backend, options: RetryOptions) {
    super(inner);
    this.#options = options;
  }

  override create(options: CallOptions = {}): Promise<void> {
    return this.#retrying({ ...options, operation: 'create', what: 'config' }, () =>
      this.inner.create(options),
    );
  }

  override save(handle: FileHandle, bytes: Uint8Array, options: CallOptions = {}): Promise<void> {
    const call = { ...options, operation: 'save', what: handlePath(handle) } as const;
    return this.#retrying(call, async (attempt) => {
      try {
        await this.inner.save(handle, bytes, options);
      } catch (error) {
        if (attempt === 1 || !isKeepsakeError(error, 'BACKEND_FILE_EXISTS')) throw error;
        // An earlier attempt may have arrived although its answer did not.
        if (!equalBytes(await this.inner.load(handle, options), bytes)) throw error;
      }
    });
  }

  override load(handle: FileHandle, options: LoadOptions = {}): Promise<Uint8Array> {
    return this.#retrying({ ...options, operation: 'load', what: handlePath(handle) }, () =>
      this.inner.load(handle, options),
    );
  }

  override stat(handle: FileHandle, options: CallOptions = {}): Promise<{ sizeBytes: number }> {
    return this.#retrying({ ...options, operation: 'stat', what: handlePath(handle) }, () =>
      this.inner.stat(handle, options),
    );
  }

  override remove(handle: FileHandle, options: CallOptions = {}): Promise<void> {
    const call = { ...options, operation: 'remove', what: handlePath(handle) } as const;
    return this.#retrying(call, async (attempt) => {
      try {
        await this.inner.remove(handle, options);
      } catch (error) {
        // As above: the file is gone, and that is what was asked for.
        if (attempt === 1 || !isKeepsakeError(error, 'BACKEND_FILE_NOT_FOUND')) throw error;
      }
    });
  }

  /** Begins anew after a failure, and yields no file twice. */
  override async *list(kind: FileKind, options: CallOptions = {}): AsyncGenerator<ListedFile> {
    const yielded = new Set<string>();
    for (let attempt = 1; ; attempt += 1) {
      const files = this.inner.list(kind, options)[Symbol.asyncIterator]();
      try {
        for (;;) {
          let next: IteratorResult<ListedFile>;
          try {
            next = await files.next();
          } catch (error) {
            await this.#pause({ ...options, operation: 'list', what: kind }, error, attempt);
            break;
          }
          if (next.done === true) return;
          if (yielded.has(next.value.name)) continue;
          yielded.add(next.value.name);
          yield next.value;
        }
      } finally {
        await files.return?.();
      }
    }
  }

  async #retrying<R>(call: Call, work: (attempt: number) => Promise<R>): Promise<R> {
    for (let attempt = 1; ; attempt += 1) {
      call.signal?.throwIfAborted();
      try {
        return await work(attempt);
      } catch (error) {
        await this.#pause(call, error, attempt);
      }
    }
  }

  /** Sleeps before the next attempt, or throws the error if there is to be none. */
  async #pause(call: Call, error: unknown, attempt: number): Promise<void> {
    const { clock, attempts = 10, onRetry } = this.#options;
    call.signal?.throwIfAborted();
    if (!isKeepsakeError(error) || error.retry !== 'later' || attempt >= attempts) throw error;
    const delayMs = this.#delayMs(attempt);
    onRetry?.({ operation: call.operation, what: call.what, error, attempt, delayMs });
    await clock.sleep(delayMs, { signal: call.signal });
  }

  /** Doubles each time; half to one and a half of it by chance, so that clients do not march in step. */
  #delayMs(attempt: number): number {
    const middle = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
    const chance = (this.#options.random(1)[0] ?? 0) / 256;
    return Math.round(middle * (0.5 + chance));
  }
}
