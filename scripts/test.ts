/**
 * `npm test`: the tools, the build, every project of vitest.config.ts, and as the last line
 * `N passed, N failed`. Arguments go to vitest: `npm test -- --project live`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRequired } from '../test/support/require-tool.ts';
import { installTestTools } from './install-test-tools.ts';
import { closingLine, summarise, type TestReport, type TestResult } from './test-result.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function runNode(argv: readonly string[]): number | null {
  const { status } = spawnSync(process.execPath, argv, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status;
}

function runVitest(): TestResult {
  const folder = mkdtempSync(join(tmpdir(), 'keepsake-test-report-'));
  const report = join(folder, 'report.json');
  try {
    const exitCode = runNode([
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...process.argv.slice(2),
    ]);
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

function run(): TestResult {
  const nothing = { passed: 0, failed: 1, skipped: 0 };
  const hasTools = installTestTools();
  if (!hasTools && isRequired('tools')) return nothing;
  if (!hasTools) console.error('Tests that need them are skipped.\n');
  if (runNode(['scripts/build.mjs']) !== 0) return nothing;
  return runVitest();
}

const result = run();
console.log(`\n${closingLine(result)}`);
process.exitCode = result.failed === 0 ? 0 : 1;
