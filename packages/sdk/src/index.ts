/** Everything a vendor needs to write a plugin. */

export * from './apply-each.ts';

export type {
  CardCondition,
  CardEvent,
  CardLink,
  CardStatus,
  ConditionStatus,
  StatusReporter,
} from './card-status.ts';

export * from './contract.ts';
export * from './errors.ts';
export type { MountedFiles } from './mounted-files.ts';
export type * from './plugin-metrics.ts';
export type * from './plugin-service.ts';
export { Serial } from './serial.ts';
export * from './wanted.ts';
