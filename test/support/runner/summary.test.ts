import { expect, it } from 'vitest';
import { resultOf, sumOf } from './summary.ts';

const test = (status: string) => ({
  status,
  fullName: `a ${status} test`,
  failureMessages: status === 'failed' ? ['Error: no luck\n  at somewhere'] : [],
});
const file = (status: string, ...tests: string[]) => ({
  name: 'a.test.ts',
  status,
  message: status === 'failed' ? 'Error: no set-up\n  at somewhere' : '',
  assertionResults: tests.map(test),
});
const report = (passed: number, skipped: number, ...testResults: object[]) => ({
  numPassedTests: passed,
  numPendingTests: skipped,
  testResults,
});
const failedTest = 'a.test.ts: a failed test: Error: no luck';
const failedFile = 'a.test.ts: Error: no set-up';

it.each([
  [
    'adds up the tests',
    report(3, 1, file('passed', 'passed', 'passed'), file('failed', 'passed', 'failed', 'skipped')),
    1,
    { passed: 3, failed: 1, skipped: 1, failures: [failedTest] },
  ],
  [
    'counts a file whose set-up failed, and one that cannot be imported',
    report(1, 2, file('failed', 'skipped', 'skipped'), file('failed'), file('passed', 'passed')),
    1,
    { passed: 1, failed: 2, skipped: 2, failures: [failedFile, failedFile] },
  ],
  [
    'counts an error outside of the tests',
    report(1, 0, file('passed', 'passed')),
    1,
    { passed: 1, failed: 1, skipped: 0, failures: ['an error outside of the tests'] },
  ],
  ['counts a project that has no report', null, 1, { passed: 0, failed: 1, skipped: 0, failures: ['no test was run'] }],
  [
    'counts a project that ended without one',
    null,
    0,
    { passed: 0, failed: 1, skipped: 0, failures: ['no test was run'] },
  ],
])('%s', (_, given, exitCode, expected) => {
  expect(resultOf(given, exitCode)).toEqual(expected);
});

it('adds up projects', () => {
  const counts = { passed: 1, failed: 2, skipped: 3 };
  expect(sumOf([counts, counts])).toEqual({ passed: 2, failed: 4, skipped: 6 });
});
