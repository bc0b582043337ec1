// Original file: proto/dpu_operator/v1/status.proto

import type { Method } from '../../../wire/grpc/method.ts';
import type { CardStatus as _dpu_operator_v1_CardStatus, CardStatus__Output as _dpu_operator_v1_CardStatus__Output } from '../../dpu_operator/v1/CardStatus.ts';
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../google/protobuf/Empty.ts';
import type { ResourceProgress as _dpu_operator_v1_ResourceProgress, ResourceProgress__Output as _dpu_operator_v1_ResourceProgress__Output } from '../../dpu_operator/v1/ResourceProgress.ts';

export type StatusService = {
  WatchProgress: Method<_google_protobuf_Empty, _dpu_operator_v1_ResourceProgress, _google_protobuf_Empty__Output, _dpu_operator_v1_ResourceProgress__Output>
  WatchStatus: Method<_google_protobuf_Empty, _dpu_operator_v1_CardStatus, _google_protobuf_Empty__Output, _dpu_operator_v1_CardStatus__Output>
};
