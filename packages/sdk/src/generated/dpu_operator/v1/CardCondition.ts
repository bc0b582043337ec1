// Original file: proto/dpu_operator/v1/status.proto

import type { ConditionStatus as _dpu_operator_v1_ConditionStatus, ConditionStatus__Output as _dpu_operator_v1_ConditionStatus__Output } from '../../dpu_operator/v1/ConditionStatus.ts';

export interface CardCondition {
  'type'?: (string);
  'status'?: (_dpu_operator_v1_ConditionStatus);
  'reason'?: (string);
  'message'?: (string);
}

export interface CardCondition__Output {
  'type': (string);
  'status': (_dpu_operator_v1_ConditionStatus__Output);
  'reason': (string);
  'message': (string);
}
