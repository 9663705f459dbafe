import { expect, test } from 'vitest';
import { utf8Encode } from '../base/bytes.ts';
import { JsonField } from './json-fields.ts';

const field = (json: string) => JsonField.parseText('test file', json, 'x');

test.each(['', 'AA==', 'AAA=', 'AAAA', '+/8='])('%j is base64', (text) => {
  expect(Buffer.from(field(JSON.stringify(text)).base64()).toString('base64')).toBe(text);
});

test.each(['AB==', 'AAB=', 'AA', 'AA=', 'A===', 'AAA', '-_8=', 'AA==\n', 'AAAA=', 'Ä'])(
  '%j is refused as base64: no encoder writes it',
  (text) => {
    expect(() => field(JSON.stringify(text)).base64()).toThrow(/at x: expected base64/);
  },
);

test('a lone surrogate in text becomes U+FFFD, as Go reads it', () => {
  expect(field(String.raw`"a\udcffb\ud83c"`).text()).toBe('a\ufffdb\ufffd');
  expect(field(String.raw`"\ud83c\udf81"`).text()).toBe('🎁');
});

test.each(['-0', '1.5', '1e400', '"1"', 'null', 'true', '9007199254740993', '4'])(
  '%s is no whole number from 0 to 3',
  (json) => {
    expect(() => field(json).integer(0, 3)).toThrow(/expected a whole number from 0 to 3, found/);
  },
);

test.each(['2026-01-31T23:59:59Z', '2026-01-31T23:59:59.123456789+01:00', '0001-01-01T00:00:00Z'])(
  '%s is a time and stays as it is',
  (text) => {
    expect(field(JSON.stringify(text)).time()).toBe(text);
  },
);

test.each(['2026-01-31 23:59:59Z', '2026-01-31T23:59:59', '2026-01-31T23:59:59.Z', ''])(
  '%j is no time',
  (text) => {
    expect(() => field(JSON.stringify(text)).time()).toThrow(/expected a time/);
  },
);

test('what an object inherits is no field of a document', () => {
  expect(field('{}').get('constructor').isAbsent).toBe(true);
  expect(() => field('[]').get('length')).toThrow(/at x: expected an object, found \[\]/);
});

test('bytes that are no JSON are named with the file', () => {
  expect(() => JsonField.parse('lock file', utf8Encode('{"time"'))).toThrow(
    expect.objectContaining({
      code: 'FORMAT_MALFORMED',
      message: expect.stringContaining('the lock file is malformed: not JSON'),
    }),
  );
});

test('a long wrong value is shown shortened', () => {
  expect(() => field(JSON.stringify('x'.repeat(900))).integer(0, 1)).toThrow(/^.{0,160}$/);
});
