/** Bounded concurrency: the only forms in which work runs side by side. */

export interface MapOptions {
  /** How many run at once, at least 1. */
  limit: number;
  signal?: AbortSignal | undefined;
}

/**
 * Runs `work` over `items`, at most `limit` at a time, and yields the results in the items' order.
 * The first failure stops taking new items, waits for those under way and is thrown.
 */
export async function* mapConcurrent<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  { limit, signal }: MapOptions,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  try {
    for await (const item of items) {
      signal?.throwIfAborted();
      const promise = work(item);
      promise.catch(() => {}); // thrown below, when its turn comes
      running.push(promise);
      if (running.length >= limit) yield await takeFirst(running);
    }
    while (running.length > 0) yield await takeFirst(running);
  } finally {
    await Promise.allSettled(running);
  }
}

/** As `mapConcurrent`, for work whose results nobody needs. */
export async function forEachConcurrent<T>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<void>,
  options: MapOptions,
): Promise<void> {
  for await (const _ of mapConcurrent(items, work, options)) {
    // The work itself is the point.
  }
}

function takeFirst<R>(running: Promise<R>[]): Promise<R> {
  const first = running.shift();
  if (first === undefined) throw new Error('nothing is running');
  return first;
}

/** Lets what waits for the event loop have its turn. */
export function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}

/** At most `permits` holders at a time; others wait in order. */
export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(permits: number) {
    this.#free = permits;
  }

  async run<R>(work: () => Promise<R>): Promise<R> {
    await this.#acquire();
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/**
 * A producer and a consumer at different speeds: `push` waits while `capacity` items are held.
 * `fail` makes both sides throw; `end` lets the consumer finish what is held.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  #ended = false;
  #failure: { reason: unknown } | undefined;
  /** There while somebody waits. */
  #changed: PromiseWithResolvers<void> | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  async push(item: T): Promise<void> {
    while (this.#items.length >= this.#capacity && this.#failure === undefined && !this.#ended) {
      await this.#change();
    }
    this.#throwFailure();
    if (this.#ended) throw new Error('push after end');
    this.#items.push(item);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      this.#throwFailure();
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#wake();
        yield item;
      } else if (this.#ended) return;
      else await this.#change();
    }
  }

  #change(): Promise<void> {
    this.#changed ??= Promise.withResolvers<void>();
    return this.#changed.promise;
  }

  #wake(): void {
    this.#changed?.resolve();
    this.#changed = undefined;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
  }
}
