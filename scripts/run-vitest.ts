/** Starts vitest under this Node and reads what came of it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { summarise, type TestReport, type TestResult } from './test-result.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The exit code; what the program prints goes where our own words go. */
export function runNode(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): number | null {
  const { status } = spawnSync(process.execPath, argv, {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status;
}

export function runVitest(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): TestResult {
  const folder = mkdtempSync(join(tmpdir(), 'keepsake-test-report-'));
  const report = join(folder, 'report.json');
  try {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const exitCode = runNode([vitest, 'run', ...reporters, ...args], environment);
    return summarise(readReport(report), exitCode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(path: string): TestReport | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as TestReport;
  } catch {
    return undefined; // vitest ended before it wrote one, which counts as a failure
  }
}
