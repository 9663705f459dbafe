import { expect, test } from 'vitest';
import { followEvents } from './follow-events.ts';

test('an operation whose events cannot be shown is ended before the error goes on', async () => {
  const steps: string[] = [];
  async function* operation(): AsyncGenerator<string, number> {
    try {
      yield 'begun';
      steps.push('went on');
      return 1;
    } finally {
      steps.push('lock removed');
    }
  }
  const failure = new Error('cannot show it');
  const showing = followEvents(operation(), () => {
    throw failure;
  });
  await expect(showing).rejects.toBe(failure);
  expect(steps).toEqual(['lock removed']);
  expect(await followEvents(operation(), () => {})).toBe(1);
});
