/** What a vitest project's JSON report adds up to. */
import { z } from 'zod';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

/**
 * A file whose set-up fails has no failed test, and a project whose global set-up fails not even a report: each counts
 * as one failure, as does an error that vitest caught outside of the tests.
 */
export function countsOf(report: unknown, exitCode: number | undefined): Counts {
  const parsed = reportSchema.safeParse(report);
  if (!parsed.success) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = parsed.data;
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  );
  const failed = numFailedTests + brokenFiles.length;
  const failedOutside = failed === 0 && exitCode !== 0 ? 1 : 0;
  return {
    passed: numPassedTests,
    failed: failed + failedOutside,
    skipped: numPendingTests,
  };
}
