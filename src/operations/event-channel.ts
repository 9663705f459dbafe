/**
 * Lets work that reports by callback be consumed as a stream of events: `for await` the events, the
 * generator's return value is the work's result, its failure is thrown.
 */
export interface Emitter<E> {
  emit(event: E): void;
  /** Replaces a progress event that nobody has taken yet: only the newest is worth showing. */
  emitProgress(event: E): void;
}

export async function* withEvents<E, R>(
  work: (emitter: Emitter<E>) => Promise<R>,
): AsyncGenerator<E, R> {
  const queue: E[] = [];
  let progress: { event: E } | undefined;
  let wake = Promise.withResolvers<void>();
  const emitter: Emitter<E> = {
    emit(event) {
      queue.push(event);
      wake.resolve();
    },
    emitProgress(event) {
      progress = { event };
      wake.resolve();
    },
  };
  let ended = false;
  const result = work(emitter).finally(() => {
    ended = true;
    wake.resolve();
  });
  result.catch(() => {}); // thrown by the await at the end
  try {
    for (;;) {
      yield* queue.splice(0);
      if (progress !== undefined) {
        const { event } = progress;
        progress = undefined;
        yield event;
      } else if (queue.length === 0) {
        if (ended) return await result;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    }
  } finally {
    // Whoever stops listening gives back what the work uses, so that it must be over.
    await Promise.allSettled([result]);
  }
}
