import { expect, test } from 'vitest';
import { capturedOutput } from '../../test/support/captured-output.ts';

test('bytes of a name that are not UTF-8 are U+FFFD in JSON, everything else is as it was', () => {
  const { output, lines } = capturedOutput({ json: true });
  output.emit({ path: '/a\udcff\udc80b', list: ['\udc81'], size: 7 });
  output.emit({ path: '\\udcff 😀', escaped: '\n' });
  expect(lines().map((line) => JSON.parse(line) as unknown)).toEqual([
    { path: '/a\ufffd\ufffdb', list: ['\ufffd'], size: 7 },
    { path: '\\udcff 😀', escaped: '\n' },
  ]);
});

test('a notice is a line of stdout with --json, and one of stderr where stdout holds the result alone', () => {
  const { output, lines, asideLines } = capturedOutput({ json: true });
  const line = '{"message_type":"warning","message":"look"}';
  output.notice('look');
  expect([lines(), asideLines()]).toEqual([[line], []]);
  output.reserveStdout();
  output.notice('look');
  output.emit([]);
  expect([lines(), asideLines()]).toEqual([[line, '[]'], [line]]);
});
