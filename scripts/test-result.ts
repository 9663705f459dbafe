/** What a vitest run came to, from its JSON report: the closing line of `npm test`. */

/** The fields used of vitest's `--reporter=json`. */
export interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export interface TestResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * A file that could not be loaded counts as one failure, and so does a run that ended badly without
 * naming a test (an unhandled error, no report, no test at all): the line never says `0 failed` then.
 */
export function summarise(report: TestReport | undefined, exitCode: number | null): TestResult {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const named = report.numFailedTests + broken.length;
  const nothingRan = report.numPassedTests + named === 0;
  return {
    passed: report.numPassedTests,
    failed: named === 0 && (exitCode !== 0 || nothingRan) ? 1 : named,
    skipped: report.numPendingTests,
  };
}

export function closingLine({ passed, failed, skipped }: TestResult): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}
