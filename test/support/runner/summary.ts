/** What a vitest project's JSON report adds up to. */
import { z } from 'zod';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Result extends Counts {
  /** Where a failure was, and the first line of what it said. */
  failures: string[];
}

export interface ProjectResult extends Result {
  project: string;
  /** For people. */
  took: string;
}

const reportSchema = z.object({
  numPassedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string(),
          failureMessages: z.array(z.string()).optional(),
        }),
      ),
    }),
  ),
});

type TestFile = z.infer<typeof reportSchema>['testResults'][number];

/**
 * A file whose set-up fails has no failed test, and a project whose global set-up fails not even a report: each counts
 * as one failure, as does an error that vitest caught outside of the tests.
 */
export function resultOf(report: unknown, exitCode: number | undefined): Result {
  const parsed = reportSchema.safeParse(report);
  if (!parsed.success) return { passed: 0, failed: 1, skipped: 0, failures: ['no test was run'] };
  const { numPassedTests, numPendingTests, testResults } = parsed.data;
  const failures = testResults.flatMap(failuresIn);
  if (failures.length === 0 && exitCode !== 0) failures.push('an error outside of the tests');
  return { passed: numPassedTests, failed: failures.length, skipped: numPendingTests, failures };
}

function failuresIn({ name, status, message, assertionResults }: TestFile): string[] {
  const failed = assertionResults.filter((assertion) => assertion.status === 'failed');
  if (failed.length === 0) return status === 'failed' ? [`${name}: ${firstLine(message)}`] : [];
  return failed.map(({ fullName, failureMessages }) => `${name}: ${fullName}: ${firstLine(failureMessages?.[0])}`);
}

function firstLine(text = ''): string {
  return text.trim().split('\n')[0] ?? '';
}

export function sumOf(counts: readonly Counts[]): Counts {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of counts) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}
