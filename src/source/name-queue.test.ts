import { expect, test } from 'vitest';
import { NameQueue } from './name-queue.ts';

function taken(names: readonly string[]): string[] {
  const queue = new NameQueue(names);
  const found: string[] = [];
  for (let name = queue.next(); name !== undefined; name = queue.next()) found.push(name);
  return found;
}

test.each([0, 1, 1023, 1024, 1025, 5000])('%d names come in order, each once', (count) => {
  const names = Array.from({ length: count }, (_, at) => `name ${at}`);
  expect(taken(names)).toEqual(names);
});

test('names of any characters stay what they are', () => {
  const names = ['\n', ' ', '"', '\\', '\uDC80\uDCFF', 'ä', '\u{1F381}'];
  expect(taken(names)).toEqual(names);
});
