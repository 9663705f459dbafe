import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { OutputStream, TextStream } from './cli-host.ts';
import { Output } from './output.ts';

function jsonOutput(): { output: Output; lines: () => string[] } {
  let text = '';
  const stdout: OutputStream = {
    write: (data) => {
      text += String(data);
    },
    drained: async () => {},
    flushed: async () => {},
  };
  const stderr: TextStream = { write: () => {} };
  const clock = new FakeClock();
  const output = new Output({ stdout, stderr, json: true, verbosity: 0, color: false, clock });
  return { output, lines: () => text.split('\n').slice(0, -1) };
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
