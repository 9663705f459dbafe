import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { CliHost, OutputStream, TextStream } from './cli-host.ts';
import { CommandContext } from './command-context.ts';
import type { GlobalOptions } from './global-options.ts';
import { Output } from './output.ts';

function contextWith(environment: CliHost['environment'], { json }: { json: boolean }) {
  const written = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr'): OutputStream & TextStream => ({
    write: (data: string | Uint8Array) => {
      written[name] += String(data);
    },
    drained: async () => {},
    flushed: async () => {},
  });
  const [stdout, stderr] = [into('stdout'), into('stderr')];
  const clock = new FakeClock();
  const output = new Output({ stdout, stderr, json, verbosity: 0, color: false, clock });
  const host = { environment, workingFolder: '/', home: '/root', isRoot: true } as CliHost;
  const options = { cache: true, lock: true } as GlobalOptions;
  return { context: new CommandContext(host, options, output), written };
}

const MISTYPED = { KEEPSAKE_REPOSITRY: '/srv', KEEPSAKE_CONFIG: undefined };
const MESSAGE = 'KEEPSAKE_REPOSITRY is not used, did you mean KEEPSAKE_REPOSITORY?';

test('a warning about the settings is given once, however often a command asks for them', async () => {
  const { context, written } = contextWith(MISTYPED, { json: false });
  await context.settings();
  await context.settings({ host: 'nas' });
  expect(written).toEqual({ stdout: '', stderr: `warning: ${MESSAGE}\n` });
});

test('with --json it is a message, once', async () => {
  const { context, written } = contextWith(MISTYPED, { json: true });
  await context.settings();
  await context.settings();
  const line = JSON.stringify({ message_type: 'warning', message: MESSAGE });
  expect(written).toEqual({ stdout: `${line}\n`, stderr: '' });
});

test('an empty path is refused: it does not stand for the folder here, and "." does', () => {
  const { context } = contextWith({}, { json: false });
  expect(() => context.path('')).toThrow('a path is empty');
  expect(context.path('.')).toBe('/');
});
