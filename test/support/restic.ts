/** The real restic, with a cache of its own and the password in the environment. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram, describeResult, type ProgramResult, type RunOptions } from './run-program.ts';

let cacheFolder: string | undefined;

export interface ResticOptions extends RunOptions {
  /** Give the result back whatever the exit code; otherwise anything but 0 throws. */
  readonly anyExit?: boolean;
}

/** `restic(repo, password, ['check', '--read-data'])`. */
export async function restic(
  repository: string,
  password: string,
  args: readonly string[],
  { anyExit = false, ...options }: ResticOptions = {},
): Promise<ProgramResult> {
  const result = await runProgram(['restic', ...args], {
    ...options,
    env: {
      RESTIC_REPOSITORY: repository,
      RESTIC_PASSWORD: password,
      RESTIC_CACHE_DIR: resticCache(),
      ...options.env,
    },
  });
  if (!anyExit && result.exitCode !== 0) throw new Error(describeResult(result));
  return result;
}

/** As `restic`, with `--json`: the parsed answer, or the list of parsed lines. */
export async function resticJson<T>(
  repository: string,
  password: string,
  args: readonly string[],
): Promise<T> {
  const { stdout } = await restic(repository, password, ['--json', ...args]);
  const lines = stdout.trim().split('\n');
  const parsed = lines.map((line) => JSON.parse(line) as unknown);
  return (parsed.length === 1 ? parsed[0] : parsed) as T;
}

function resticCache(): string {
  if (cacheFolder === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'keepsake-restic-cache-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    cacheFolder = folder;
  }
  return cacheFolder;
}
