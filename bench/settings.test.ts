import { expect, test } from 'vitest';
import { choosePartNames } from './part-names.ts';
import { readSettings } from './settings.ts';

test('a family of parts is chosen by its name, each part once and in order', () => {
  expect(choosePartNames('growth,A,growth-A')).toEqual(['A', 'growth-A', 'growth-C']);
  expect(choosePartNames('all')).toHaveLength(10);
  expect(() => choosePartNames('A,D')).toThrow(/"D" is none of A, B/);
});

test('a wrong flag is refused with what would be right', () => {
  expect(() => readSettings(['--runs', 'many'])).toThrow(/--runs takes a number/);
  expect(() => readSettings(['--tools', 'rar'])).toThrow(/"rar" is none of restic/);
  expect(() => readSettings(['--sets', 'A'])).toThrow(/--sets/);
});

test('five runs of everything are the default', () => {
  const { runs, parts, tools, memory, limitMs } = readSettings([]);
  expect({ runs, memory, limitMs }).toEqual({ runs: 5, memory: true, limitMs: Infinity });
  expect(parts).toContain('memory-200k');
  expect(tools.map(({ name }) => name)).toEqual(['restic', 'keepsake', 'borg', 'tar']);
});
