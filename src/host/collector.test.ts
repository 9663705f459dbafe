import { setFlagsFromString } from 'node:v8';
import { expect, test, vi } from 'vitest';
import { collectOften, collectSooner } from './collector.ts';

vi.mock('node:v8', { spy: true });

test('whoever asks for less memory is not undone by who asks for more', () => {
  vi.mocked(setFlagsFromString).mockReturnValue();
  collectSooner();
  collectOften();
  collectSooner();
  const flags = vi.mocked(setFlagsFromString).mock.calls.map(([flag]) => flag);
  const grown = flags.filter((flag) => flag.includes('heap-growing-percent'));
  expect(grown).toEqual(['--heap-growing-percent=200', '--heap-growing-percent=30']);
});
