/**
 * `npm test`: the tools, the build, every project of vitest.config.ts, and as the last line
 * `N passed, N failed`. Arguments go to vitest: `npm test -- --project live`.
 */
import { isRequired } from '../test/support/require-tool.ts';
import { installTestTools } from './install-test-tools.ts';
import { runNode, runVitest } from './run-vitest.ts';
import { closingLine, type TestResult } from './test-result.ts';

function run(): TestResult {
  const nothing = { passed: 0, failed: 1, skipped: 0 };
  const hasTools = installTestTools();
  if (!hasTools && isRequired('tools')) return nothing;
  if (!hasTools) console.error('Tests that need them are skipped.\n');
  if (runNode(['scripts/build.mjs']) !== 0) return nothing;
  return runVitest(process.argv.slice(2));
}

const result = run();
console.log(`\n${closingLine(result)}`);
process.exitCode = result.failed === 0 ? 0 : 1;
