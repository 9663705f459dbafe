import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { withEvents } from './event-channel.ts';

test('every event comes in order, of progress the newest only, then the result', async () => {
  const events = withEvents<string, number>(async (emitter) => {
    emitter.emit('a');
    emitter.emitProgress('1%');
    emitter.emitProgress('2%');
    emitter.emit('b');
    await setImmediate();
    emitter.emit('c');
    return 7;
  });
  const seen: string[] = [];
  for (;;) {
    const next = await events.next();
    if (next.done === true) {
      expect(next.value).toBe(7);
      break;
    }
    seen.push(next.value);
  }
  expect(seen).toEqual(['a', 'b', '2%', 'c']);
});

test('the failure of the work is thrown after its events', async () => {
  const failure = new Error('full');
  const events = withEvents<string, never>(async (emitter) => {
    emitter.emit('a');
    await setImmediate();
    throw failure;
  });
  expect(await events.next()).toEqual({ done: false, value: 'a' });
  await expect(events.next()).rejects.toBe(failure);
});

test('who stops listening waits until the work is over', async () => {
  let over = false;
  const events = withEvents<string, void>(async (emitter) => {
    emitter.emit('a');
    await setImmediate();
    over = true;
  });
  for await (const _ of events) break;
  expect(over).toBe(true);
});
