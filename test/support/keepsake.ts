/** The built command line, run as a person runs it: `bin/keepsake` in a process of its own. */
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import {
  runProgram,
  startProgram,
  type ProgramResult,
  type RunOptions,
  type RunningProgram,
} from './run-program.ts';

export const keepsakeBin = fileURLToPath(new URL('../../bin/keepsake', import.meta.url));

/** With `KEEPSAKE_TEST_SOURCE` set `src/` runs as it is, to try a change without a build. */
const source = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const program = process.env['KEEPSAKE_TEST_SOURCE'] === undefined ? keepsakeBin : source;

export interface KeepsakeOptions extends RunOptions {
  /** Cache, state and home folder go here, so that nothing of the person running the tests is touched. */
  readonly home?: string;
}

export interface KeepsakeResult extends ProgramResult {
  /** The objects `--json` wrote, a line each. Throws if a line is not JSON. */
  jsonLines<T = Record<string, unknown>>(): T[];
}

export async function runKeepsake(
  args: readonly string[],
  options: KeepsakeOptions = {},
): Promise<KeepsakeResult> {
  const result = await runProgram(keepsakeArgv(args), withHome(options));
  return {
    ...result,
    jsonLines<T>() {
      const lines = result.stdout.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as T);
    },
  };
}

/** For what is killed or watched while it runs. */
export function startKeepsake(
  args: readonly string[],
  options: KeepsakeOptions = {},
): RunningProgram {
  return startProgram(keepsakeArgv(args), withHome(options));
}

export function keepsakeArgv(args: readonly string[]): string[] {
  return [process.execPath, program, ...args];
}

function withHome({ home, ...options }: KeepsakeOptions): RunOptions {
  return { ...options, env: { ...environmentAt(home), ...options.env } };
}

/** What a program under test finds, and nothing of the person who runs the tests. */
export function environmentAt(home: string | undefined): Record<string, string | undefined> {
  const folders =
    home === undefined
      ? {}
      : {
          HOME: home,
          XDG_CACHE_HOME: join(home, '.cache'),
          XDG_STATE_HOME: join(home, '.local/state'),
        };
  // For root the state is not in the home folder.
  const KEEPSAKE_STATE_DIR = join(home ?? tmpdir(), '.local/state/keepsake');
  const foreign = { RESTIC_REPOSITORY: undefined, RESTIC_PASSWORD: undefined, CI: undefined };
  return { ...foreign, ...folders, KEEPSAKE_STATE_DIR, NO_COLOR: '1' };
}
