/** Checks a VSP against the contract in docs/contract. */
export type { CheckDescription, Needs } from './check.ts';
export type { Exchange } from './exchange.ts';
export { type Group, groups, type Mode } from './groups.ts';
export type { HealthHook } from './health-hook.ts';
export type { ConformanceOptions, Limits } from './options.ts';
export { reportJson } from './report/json.ts';
export { reportJunit } from './report/junit.ts';
export { reportText } from './report/text.ts';
export type { CheckResult, Cleanup, Failure, ModeReport, Report } from './result.ts';
export { type ConformanceSuite, conformanceSuite, type RunOptions, type TestFramework } from './suite.ts';
