import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { OutputStream, TextStream } from './cli-host.ts';
import { Output } from './output.ts';

function jsonOutput() {
  let text = '';
  let aside = '';
  const stdout: OutputStream = {
    write: (data) => {
      text += String(data);
    },
    drained: async () => {},
    flushed: async () => {},
  };
  const stderr: TextStream = {
    write: (line) => {
      aside += line;
    },
  };
  const clock = new FakeClock();
  const output = new Output({ stdout, stderr, json: true, verbosity: 0, color: false, clock });
  const linesOf = (written: string) => written.split('\n').slice(0, -1);
  return { output, lines: () => linesOf(text), asideLines: () => linesOf(aside) };
}

test('bytes of a name that are not UTF-8 are U+FFFD in JSON, everything else is as it was', () => {
  const { output, lines } = jsonOutput();
  output.emit({ path: '/a\udcff\udc80b', list: ['\udc81'], size: 7 });
  output.emit({ path: '\\udcff 😀', escaped: '\n' });
  expect(lines().map((line) => JSON.parse(line) as unknown)).toEqual([
    { path: '/a\ufffd\ufffdb', list: ['\ufffd'], size: 7 },
    { path: '\\udcff 😀', escaped: '\n' },
  ]);
});

test('a notice is a line of stdout with --json, and one of stderr where stdout holds the result alone', () => {
  const { output, lines, asideLines } = jsonOutput();
  const line = '{"message_type":"warning","message":"look"}';
  output.notice('look');
  expect([lines(), asideLines()]).toEqual([[line], []]);
  output.reserveStdout();
  output.notice('look');
  output.emit([]);
  expect([lines(), asideLines()]).toEqual([[line, '[]'], [line]]);
});
