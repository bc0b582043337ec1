import { expect, it } from 'vitest';
import { countsOf } from './summary.ts';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});
const report = (passed: number, failed: number, skipped: number, ...testResults: object[]) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: skipped,
  testResults,
});

it.each([
  [
    'adds up the tests',
    report(3, 1, 1, file('passed', 'passed', 'passed'), file('failed', 'passed', 'failed', 'skipped')),
    1,
    { passed: 3, failed: 1, skipped: 1 },
  ],
  [
    'counts a file whose set-up failed, and one that cannot be imported',
    report(1, 0, 2, file('failed', 'skipped', 'skipped'), file('failed'), file('passed', 'passed')),
    1,
    { passed: 1, failed: 2, skipped: 2 },
  ],
  [
    'counts an error outside of the tests',
    report(1, 0, 0, file('passed', 'passed')),
    1,
    { passed: 1, failed: 1, skipped: 0 },
  ],
  ['counts a project that has no report', null, 1, { passed: 0, failed: 1, skipped: 0 }],
  ['counts a project that ended without one', null, 0, { passed: 0, failed: 1, skipped: 0 }],
])('%s', (_, given, exitCode, expected) => {
  expect(countsOf(given, exitCode)).toEqual(expected);
});
