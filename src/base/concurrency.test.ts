import { expect, test } from 'vitest';
import { nextTurn, Semaphore } from './concurrency.ts';

/** Runs that end when told, and how many of them were at work together at most since the last look. */
function watch(semaphore: Semaphore) {
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const start = (): Promise<void> =>
    semaphore.run(async () => {
      most = Math.max(most, (running += 1));
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.push(resolve);
      await promise;
      running -= 1;
    });
  const finishOne = async (): Promise<void> => {
    ends.shift()?.();
    await nextTurn();
  };
  return { start, finishOne, running: () => running, most: () => most };
}

test('as many run at once as there are permits', async () => {
  const watched = watch(new Semaphore(2));
  const all = Promise.all([1, 2, 3, 4].map(() => watched.start()));
  await nextTurn();
  expect(watched.running()).toBe(2);
  for (let left = 4; left > 0; left -= 1) await watched.finishOne();
  await all;
  expect(watched.most()).toBe(2);
});
