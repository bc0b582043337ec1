/** Checks a VSP against the contract in docs/contract. */
export type { CheckDescription, Needs } from './check.ts';
export { type Group, groups, type Mode } from './groups.ts';
export type { ConformanceOptions, Limits } from './options.ts';
export { reportJson } from './report/json.ts';
export { reportJunit } from './report/junit.ts';
export { reportText } from './report/text.ts';
export type { CheckResult, Cleanup, Failure, ModeReport, Report } from './result.ts';
export type { HealthHook } from './session/health-hook.ts';
export { type ConformanceSuite, conformanceSuite, type RunOptions, type TestFramework } from './suite.ts';
export type { Exchange } from './vsp/exchange.ts';
