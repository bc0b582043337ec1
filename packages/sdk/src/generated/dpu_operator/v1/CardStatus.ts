// Original file: proto/dpu_operator/v1/status.proto

import type { CardCondition as _dpu_operator_v1_CardCondition, CardCondition__Output as _dpu_operator_v1_CardCondition__Output } from '../../dpu_operator/v1/CardCondition.ts';
import type { CardLink as _dpu_operator_v1_CardLink, CardLink__Output as _dpu_operator_v1_CardLink__Output } from '../../dpu_operator/v1/CardLink.ts';
import type { CardEvent as _dpu_operator_v1_CardEvent, CardEvent__Output as _dpu_operator_v1_CardEvent__Output } from '../../dpu_operator/v1/CardEvent.ts';

export interface CardStatus {
  'firmwareVersion'?: (string);
  'conditions'?: (_dpu_operator_v1_CardCondition)[];
  'links'?: (_dpu_operator_v1_CardLink)[];
  'events'?: (_dpu_operator_v1_CardEvent)[];
}

export interface CardStatus__Output {
  'firmwareVersion': (string);
  'conditions': (_dpu_operator_v1_CardCondition__Output)[];
  'links': (_dpu_operator_v1_CardLink__Output)[];
  'events': (_dpu_operator_v1_CardEvent__Output)[];
}
