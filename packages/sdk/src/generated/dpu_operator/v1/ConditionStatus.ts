// Original file: proto/dpu_operator/v1/status.proto

export const ConditionStatus = {
  CONDITION_STATUS_UNSPECIFIED: 'CONDITION_STATUS_UNSPECIFIED',
  CONDITION_STATUS_TRUE: 'CONDITION_STATUS_TRUE',
  CONDITION_STATUS_FALSE: 'CONDITION_STATUS_FALSE',
  CONDITION_STATUS_UNKNOWN: 'CONDITION_STATUS_UNKNOWN',
} as const;

export type ConditionStatus =
  | 'CONDITION_STATUS_UNSPECIFIED'
  | 0
  | 'CONDITION_STATUS_TRUE'
  | 1
  | 'CONDITION_STATUS_FALSE'
  | 2
  | 'CONDITION_STATUS_UNKNOWN'
  | 3

export type ConditionStatus__Output = typeof ConditionStatus[keyof typeof ConditionStatus]
