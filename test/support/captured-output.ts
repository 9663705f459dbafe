import { Output } from '../../src/cli/output.ts';
import { FakeClock } from './fake-clock.ts';

/** An output without color whose lines a test looks at. */
export function capturedOutput({ json }: { json: boolean }) {
  const written = { stdout: '', stderr: '' };
  const streamOf = (name: keyof typeof written) => ({
    write: (data: string | Uint8Array) => {
      written[name] += String(data);
    },
    drained: async () => {},
    flushed: async () => {},
  });
  const [stdout, stderr] = [streamOf('stdout'), streamOf('stderr')];
  const clock = new FakeClock();
  const output = new Output({ stdout, stderr, json, verbosity: 0, color: false, clock });
  const linesOf = (text: string) => text.split('\n').slice(0, -1);
  return {
    output,
    clock,
    lines: () => linesOf(written.stdout),
    asideLines: () => linesOf(written.stderr),
  };
}
