import { expect, test } from 'vitest';
import { closingLine, summarise, type TestReport } from './test-result.ts';

const good: TestReport = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 0,
  testResults: [{ name: 'a', status: 'passed', assertionResults: [{ status: 'passed' }] }],
};

test('a good run says so, with its skips if there are any', () => {
  expect(closingLine(summarise(good, 0))).toBe('5 passed, 0 failed');
  expect(closingLine(summarise({ ...good, numPendingTests: 2 }, 0))).toBe(
    '5 passed, 0 failed, 2 skipped',
  );
});

test('failed tests are counted', () => {
  const testResults = [{ name: 'a', status: 'failed', assertionResults: [{ status: 'failed' }] }];
  const report = { ...good, numFailedTests: 1, testResults };
  expect(closingLine(summarise(report, 1))).toBe('5 passed, 1 failed');
});

test('a file that cannot be loaded is a failure', () => {
  const testResults = [{ name: 'a', status: 'failed', assertionResults: [] }];
  expect(closingLine(summarise({ ...good, testResults }, 1))).toBe('5 passed, 1 failed');
});

test('an unhandled error, no report and no tests are failures', () => {
  expect(summarise(good, 1).failed).toBe(1);
  expect(summarise(undefined, 0).failed).toBe(1);
  expect(summarise({ ...good, numPassedTests: 0, testResults: [] }, 0).failed).toBe(1);
});
