import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRawNames } from '../base/raw-name.ts';
import { NameQueue } from './name-queue.ts';

test.each([0, 1, 1023, 1024, 1025, 5000])('%d names come in order, each once', (count) => {
  const names = Array.from({ length: count }, (_, at) => `name ${100_000 + at}`);
  expect([...NameQueue.of(names.toReversed())]).toEqual(names);
});

test('names that came in parts come in the order of their bytes, each once', () => {
  const name = fc.oneof(
    fc.constantFrom('\n', ' ', '"', '\\', '\uDC80\uDCFF', 'ä', '\uFFEE', '\u{1F381}', 'a', 'ab'),
    fc.string({ minLength: 1, maxLength: 3 }).filter((text) => !text.includes('/')),
  );
  fc.assert(
    fc.property(fc.array(fc.array(name)), (parts) => {
      const queue = new NameQueue();
      for (const part of parts) queue.add([...part]);
      expect([...queue]).toEqual([...new Set(parts.flat())].sort(compareRawNames));
    }),
  );
});

test('names of many parts come in order', () => {
  const names = Array.from({ length: 9000 }, (_, at) => `name ${100_000 + at}`);
  const queue = new NameQueue();
  for (let part = 0; part < 4; part += 1) queue.add(names.filter((_, at) => at % 4 === part));
  expect([...queue]).toEqual(names);
});

test('a queue tells how many came, and is empty once it was cleared', () => {
  for (const parts of [1, 3]) {
    const queue = new NameQueue();
    for (let part = 0; part < parts; part += 1) queue.add([`b${part}`, `a${part}`]);
    expect(queue.length).toBe(2 * parts);
    expect(queue.next()).toBe('a0');
    queue.clear();
    expect([...queue]).toEqual([]);
  }
  const untouched = NameQueue.of(['a']);
  untouched.clear();
  expect(untouched.next()).toBeUndefined();
});
