// Original file: proto/dpu_operator/v1/service_chain.proto

import type { ServiceChain as _dpu_operator_v1_ServiceChain, ServiceChain__Output as _dpu_operator_v1_ServiceChain__Output } from '../../dpu_operator/v1/ServiceChain.ts';
import type { FieldMask as _google_protobuf_FieldMask, FieldMask__Output as _google_protobuf_FieldMask__Output } from '../../google/protobuf/FieldMask.ts';

export interface UpdateServiceChainRequest {
  'serviceChain'?: (_dpu_operator_v1_ServiceChain | null);
  'updateMask'?: (_google_protobuf_FieldMask | null);
  'allowMissing'?: (boolean);
}

export interface UpdateServiceChainRequest__Output {
  'serviceChain': (_dpu_operator_v1_ServiceChain__Output | null);
  'updateMask': (_google_protobuf_FieldMask__Output | null);
  'allowMissing': (boolean);
}
