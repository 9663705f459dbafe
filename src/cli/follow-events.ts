/**
 * Hands each event to `take` and returns the operation's result. When `take` throws, the operation
 * is told to end before the error goes on, so that no lock or scratch folder is left to chance.
 */
export async function followEvents<E, R>(
  events: AsyncGenerator<E, R>,
  take: (event: E) => void,
): Promise<R> {
  try {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return next.value;
      take(next.value);
    }
  } catch (error) {
    await events.return(undefined as R);
    throw error;
  }
}
