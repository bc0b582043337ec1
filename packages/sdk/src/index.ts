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
export * from './wanted.ts';
