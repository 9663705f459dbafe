/**
 * Bounds how many calls are under way, and how many bytes go each second. Lock files pass both
 * bounds, so that refreshing a lock never waits behind packs; listings hold no place, so that what
 * is listed can be loaded meanwhile.
 */
import type { Clock } from '../base/clock.ts';
import { Semaphore } from '../base/concurrency.ts';
import type { Backend, CallOptions, FileHandle, LoadOptions } from './backend.ts';
import { WrappedBackend } from './wrapped-backend.ts';

export interface LimitOptions {
  readonly connections: number;
  readonly clock: Clock;
  /** Over time: a single file is sent as fast as it goes, the next one waits its share. */
  readonly uploadBytesPerSecond?: number | undefined;
  readonly downloadBytesPerSecond?: number | undefined;
}

export function withLimits(backend: Backend, options: LimitOptions): Backend {
  return new LimitBackend(backend, options);
}

class LimitBackend extends WrappedBackend {
  readonly #places: Semaphore;
  readonly #upload: RateLimit | undefined;
  readonly #download: RateLimit | undefined;

  constructor(inner: Backend, options: LimitOptions) {
    super(inner, options.connections);
    const { clock, uploadBytesPerSecond: up, downloadBytesPerSecond: down } = options;
    this.#places = new Semaphore(options.connections);
    this.#upload = up === undefined ? undefined : new RateLimit(up, clock);
    this.#download = down === undefined ? undefined : new RateLimit(down, clock);
  }

  override save(handle: FileHandle, bytes: Uint8Array, options?: CallOptions): Promise<void> {
    return this.#inPlace(handle, options, async () => {
      if (handle.kind !== 'lock') await this.#upload?.wait(options);
      await this.inner.save(handle, bytes, options);
      this.#upload?.count(bytes.byteLength);
    });
  }

  override load(handle: FileHandle, options?: LoadOptions): Promise<Uint8Array> {
    return this.#inPlace(handle, options, async () => {
      if (handle.kind !== 'lock') await this.#download?.wait(options);
      const bytes = await this.inner.load(handle, options);
      this.#download?.count(bytes.byteLength);
      return bytes;
    });
  }

  override stat(handle: FileHandle, options?: CallOptions): Promise<{ sizeBytes: number }> {
    return this.#inPlace(handle, options, () => this.inner.stat(handle, options));
  }

  override remove(handle: FileHandle, options?: CallOptions): Promise<void> {
    return this.#inPlace(handle, options, () => this.inner.remove(handle, options));
  }

  #inPlace<R>(
    handle: FileHandle,
    options: CallOptions | undefined,
    work: () => Promise<R>,
  ): Promise<R> {
    if (handle.kind === 'lock') return work();
    return this.#places.run(async () => {
      options?.signal?.throwIfAborted();
      return work();
    });
  }
}

/** Each transfer pushes back the moment at which the next may begin. */
class RateLimit {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  #freeAtMs = 0;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
  }

  async wait({ signal }: CallOptions = {}): Promise<void> {
    for (;;) {
      const waitMs = this.#freeAtMs - this.#clock.monotonicMs();
      if (waitMs <= 0) return;
      await this.#clock.sleep(waitMs, { signal });
    }
  }

  count(sizeBytes: number): void {
    const from = Math.max(this.#freeAtMs, this.#clock.monotonicMs());
    this.#freeAtMs = from + (sizeBytes / this.#bytesPerSecond) * 1000;
  }
}
