/** Everything a vendor needs to write a plugin. */

export * from './contract/apply-each.ts';

export type {
  CardCondition,
  CardEvent,
  CardLink,
  CardStatus,
  ConditionStatus,
  StatusReporter,
} from './contract/card-status.ts';

export * from './contract/contract.ts';
export type { MountedFiles } from './contract/mounted-files.ts';
export type * from './contract/plugin-metrics.ts';
export type * from './contract/plugin-service.ts';
export { Serial } from './contract/serial.ts';
export * from './contract/wanted.ts';
export * from './errors.ts';
