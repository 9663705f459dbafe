import fc from 'fast-check';
import { expect, test } from 'vitest';
import { didYouMean, nearestName } from './nearest-name.ts';

const keys = ['databases', 'exclude', 'files', 'password-file', 'repository', 'root', 'service'];

test.each([
  ['databses', 'databases'],
  ['exlcude', 'exclude'],
  ['file', 'files'],
  ['passwordFile', 'password-file'],
  ['PASSWORD_FILE', 'password-file'],
  ['repo', 'repository'],
  ['rott', 'root'],
])('%s is taken for %s', (word, expected) => {
  expect(nearestName(word, keys)).toBe(expected);
});

test.each(['x', '', 'retention', 'abc', 'zz'])('nothing is near to "%s"', (word) => {
  expect(nearestName(word, keys)).toBeUndefined();
  expect(didYouMean(word, keys)).toBe('');
});

test('an unfinished word with two longer forms is not guessed', () => {
  expect(nearestName('pass', ['password-file', 'password-command'])).toBeUndefined();
});

test('swapping two neighbours of a longer word always finds it again', () => {
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.nat(), (key, seed) => {
      const at = seed % (key.length - 1);
      const swapped = key.slice(0, at) + key[at + 1] + key[at] + key.slice(at + 2);
      expect(nearestName(swapped, keys)).toBe(key);
    }),
  );
});
