/** Everything a vendor needs to write a plugin. */
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
