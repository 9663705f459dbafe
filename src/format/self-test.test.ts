import { expect, test } from 'vitest';
import { KNOWN_ANSWERS, runSelfTest, type KnownAnswers } from './self-test.ts';

test('the self-test passes here, in less than 20 ms', () => {
  const durations = Array.from({ length: 5 }, () => {
    const started = performance.now();
    runSelfTest();
    return performance.now() - started;
  });
  expect(Math.min(...durations)).toBeLessThan(20); // the rest is what else the machine does
});

const NAMED: Readonly<Record<keyof KnownAnswers, RegExp>> = {
  poly1305: /Poly1305-AES/,
  sealed: /AES-256-CTR/,
  sha256: /SHA-256/,
  zstdFrame: /zstd/,
};

test.each(Object.keys(NAMED) as (keyof KnownAnswers)[])(
  'an answer for %s that differs in one digit is found and named',
  (name) => {
    const answer = KNOWN_ANSWERS[name];
    const digit = answer.endsWith('0') ? '1' : '0';
    const wrong = { ...KNOWN_ANSWERS, [name]: answer.slice(0, -1) + digit };
    expect(() => runSelfTest(wrong)).toThrow(
      expect.objectContaining({
        code: 'FORMAT_SELF_TEST',
        message: expect.stringMatching(NAMED[name]),
      }),
    );
  },
);
