import { expect, test } from 'vitest';
import { utf8Decode, utf8Encode } from '../base/bytes.ts';
import { decodeConfigFile, encodeConfigFile } from './config-file.ts';

// restic doc/design.rst § Config @ a80be14.
const TEXT =
  '{"version":2,"id":"5956a3f67a6230d4a92cefb29529f10196c7d92582ec305fd71ff6d331d6271b",' +
  '"chunker_polynomial":"25b468838dcb75"}';

const decodeText = (text: string) => decodeConfigFile(utf8Encode(text));

test('the example of restic’s design document reads and writes again alike', () => {
  const config = decodeText(TEXT);
  expect(config).toEqual({
    version: 2,
    id: '5956a3f67a6230d4a92cefb29529f10196c7d92582ec305fd71ff6d331d6271b',
    chunkerPolynomial: 0x25b468838dcb75n,
  });
  expect(utf8Decode(encodeConfigFile(config))).toBe(TEXT);
});

test('both versions are known, any other is named before all else', () => {
  expect(decodeText(TEXT.replace(':2,', ':1,')).version).toBe(1);
  for (const version of [0, 3, 4_000_000]) {
    expect(() => decodeText(`{"version":${version}}`)).toThrow(
      expect.objectContaining({ code: 'FORMAT_VERSION', details: { version } }),
    );
  }
});

test.each([
  ['', TEXT.slice(0, -1)],
  ['', '[]'],
  ['version', TEXT.replace('2', '"2"')],
  ['version', TEXT.replace('2', '-2')],
  ['id', TEXT.replace('5956', '595G')],
  ['id', TEXT.replace('5956', '')],
  ['chunker_polynomial', TEXT.replace('25b4', '0x25b4')],
  ['chunker_polynomial', TEXT.replace('25b468838dcb75', '')],
  ['chunker_polynomial', TEXT.replace('"25b468838dcb75"', '1234')],
])('a wrong value at "%s" is refused: %s', (where, text) => {
  expect(() => decodeText(text)).toThrow(
    expect.objectContaining({
      code: 'FORMAT_MALFORMED',
      message: expect.stringContaining(where === '' ? 'config file' : `at ${where}:`),
    }),
  );
});

test('a chunker polynomial that would cut badly is refused, as restic refuses it', () => {
  for (const polynomial of ['25b468838dcb74', '3', '0']) {
    expect(() => decodeText(TEXT.replace('25b468838dcb75', polynomial))).toThrow(
      expect.objectContaining({ code: 'FORMAT_MALFORMED' }),
    );
  }
});
