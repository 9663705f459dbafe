import { expect, test } from 'vitest';
import { judge } from './verdict.ts';

const show = (value: number) => value.toFixed(1);

test('a goal is met when the value just reaches it', () => {
  expect(judge('x', 0.8, { goal: 0.8, show }).text).toBe('≤ 0.8 met');
  expect(judge('x', 0.81, { goal: 0.8, show }).text).toBe('≤ 0.8 **missed**');
  expect(judge('x', 150, { goal: 150, show, sense: 'at-least' }).text).toBe('≥ 150.0 met');
  expect(judge('x', 149, { goal: 150, show, sense: 'at-least' }).verdicts[0]?.met).toBe(false);
});

test('a goal of which nothing was measured is neither met nor missed', () => {
  expect(judge('x', undefined, { goal: 0.8, show })).toEqual({ text: '≤ 0.8', verdicts: [] });
});

test('what has no goal is not judged', () => {
  expect(judge('x', 5, { goal: undefined, show })).toEqual({ text: '', verdicts: [] });
});
