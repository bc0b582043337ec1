/** The suite as a library: runs by itself, or as tests of a vendor's own. */
import { contractVersion } from '../manifest/contract-version.ts';
import type { Check, CheckDescription } from './check.ts';
import { allChecks } from './checks/index.ts';
import type { Mode } from './groups.ts';
import { type ConformanceOptions, checkOptions, select } from './options.ts';
import { describeFailure } from './report/failure.ts';
import type { CheckResult, ModeReport, Report } from './result.ts';
import { ends, type Session } from './session/session.ts';
import { VspUnderTest } from './vsp/vsp-under-test.ts';

/** What a test framework has: that of vitest and of jest. */
export interface TestFramework {
  describe(name: string, body: () => void): void;
  test(name: string, body: (context: { skip(reason?: string): void }) => Promise<void>, timeoutMs?: number): void;
  afterAll(body: () => Promise<void>, timeoutMs?: number): void;
}

/** What a run tells while it runs, and what ends it. */
export interface RunOptions {
  /** Called after each check. */
  onResult?: (result: CheckResult) => void;
  /** Ends the run after the check that is running; what was made is removed all the same. */
  signal?: AbortSignal;
}

/** The checks of a run, for a program or as tests of a test runner. */
export interface ConformanceSuite {
  /** Those that were asked for, in the order in which they run. */
  readonly checks: readonly CheckDescription[];
  /**
   * Runs all checks, one after the other, and removes what they made.
   *
   * @throws DpuError when there is no such plugin or endpoint.
   */
  run(options?: RunOptions): Promise<Report>;
  /** Makes every check a test: `suite.register({ describe, test, afterAll })`. */
  register(framework: TestFramework): void;
}

/** Many ports, and rounds of calls until memory settles. */
const checkTimeoutMs = 600_000;

/**
 * The rules of the contract as checks of one VSP.
 *
 * @example
 * import { conformanceSuite } from '@dpu-operator/sdk/conformance';
 * import { afterAll, describe, test } from 'vitest';
 *
 * conformanceSuite({ plugin: '.' }).register({ describe, test, afterAll });
 *
 * @throws DpuError INVALID_ARGUMENT naming the option.
 */
export function conformanceSuite(options: ConformanceOptions): ConformanceSuite {
  checkOptions(options);
  const selected = select(allChecks, options.only);
  const checks = options.endpoint === undefined ? withFewStarts(selected) : freshFirst(selected);
  return {
    checks,
    run: (runOptions) => run(options, checks, runOptions),
    register: (framework) => register(options, checks, framework),
  };
}

/** A VSP that the suite did not start is fresh once. */
function freshFirst(checks: readonly Check[]): Check[] {
  return [...checks.filter(({ needs }) => needs.fresh), ...checks.filter(({ needs }) => !needs.fresh)];
}

/** Of those that the suite starts, two are fresh anyway: the one that is to be weighed, and the last, which removes all. */
function withFewStarts(checks: readonly Check[]): Check[] {
  const fresh = checks.filter(({ needs }) => needs.fresh);
  const others = checks.filter(({ needs }) => !needs.fresh);
  const used = others.filter(({ needs, group }) => !needs.weighed && !ends.has(group));
  // The last of them needs a start of its own, as each ends with Init.
  return [...used, ...fresh.slice(0, -1), ...others.filter((check) => !used.includes(check)), ...fresh.slice(-1)];
}

async function run(
  options: ConformanceOptions,
  checks: readonly Check[],
  { onResult, signal }: RunOptions = {},
): Promise<Report> {
  const start = performance.now();
  const startedAt = new Date().toISOString();
  const target = new VspUnderTest(options);
  const results: CheckResult[] = [];
  const modes: ModeReport[] = [];
  try {
    for (const mode of await target.modes()) {
      if (signal?.aborted) break;
      const session = await target.open(mode);
      try {
        for (const check of ofMode(checks, mode)) {
          if (signal?.aborted) break;
          const result = await session.run(check);
          for (const each of [...session.takeIncidents(), result]) {
            results.push(each);
            onResult?.(each);
          }
        }
      } finally {
        modes.push(await session.close());
        results.push(...session.takeIncidents());
      }
    }
  } finally {
    await target.close();
  }
  const has = (status: CheckResult['status']) => results.some((result) => result.status === status);
  return {
    contractVersion,
    target: await target.label(),
    startedAt,
    durationMs: performance.now() - start,
    modes,
    results,
    conforms: has('passed') && !has('failed') && modes.every(({ left }) => left.length === 0) && !signal?.aborted,
  };
}

function register(options: ConformanceOptions, checks: readonly Check[], framework: TestFramework): void {
  const target = new VspUnderTest(options);
  const modes: readonly Mode[] = options.modes ?? ['host', 'dpu'];
  for (const mode of modes) {
    framework.describe(`conformance of the ${mode} side`, () => {
      let opened: Promise<Session> | undefined;
      for (const check of ofMode(checks, mode)) {
        const body = async (context: { skip(reason?: string): void }) => {
          if (!(await target.modes()).includes(mode)) return context.skip(`the plugin has no ${mode} side`);
          opened ??= target.open(mode);
          const session = await opened;
          const result = await session.run(check);
          for (const { failure } of session.takeIncidents()) if (failure) throw new Error(describeFailure(failure));
          if (result.status === 'skipped') context.skip(result.reason);
          if (result.failure) throw new Error(describeFailure(result.failure));
        };
        framework.test(`${check.id}: ${check.title}`, body, checkTimeoutMs);
      }
      framework.afterAll(async () => {
        const session = await opened;
        const left = (await session?.close())?.left ?? [];
        if (left.length > 0) throw new Error(`the suite could not remove all that it made: ${left.join('; ')}`);
        for (const { failure } of session?.takeIncidents() ?? [])
          if (failure) throw new Error(describeFailure(failure));
      }, checkTimeoutMs);
    });
  }
  framework.afterAll(() => target.close(), checkTimeoutMs);
}

function ofMode(checks: readonly Check[], mode: Mode): Check[] {
  return checks.filter(({ needs }) => needs.mode === undefined || needs.mode === mode);
}
