// Original file: proto/dpu_operator/v1/virtual_function.proto

import type { Method } from '../../../wire/grpc/method.ts';
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../google/protobuf/Empty.ts';
import type { PfVfCount as _dpu_operator_v1_PfVfCount, PfVfCount__Output as _dpu_operator_v1_PfVfCount__Output } from '../../dpu_operator/v1/PfVfCount.ts';
import type { VirtualFunctions as _dpu_operator_v1_VirtualFunctions, VirtualFunctions__Output as _dpu_operator_v1_VirtualFunctions__Output } from '../../dpu_operator/v1/VirtualFunctions.ts';

export type VirtualFunctionService = {
  GetVirtualFunctions: Method<_google_protobuf_Empty, _dpu_operator_v1_VirtualFunctions, _google_protobuf_Empty__Output, _dpu_operator_v1_VirtualFunctions__Output>
  SetNumVfsOfPf: Method<_dpu_operator_v1_PfVfCount, _dpu_operator_v1_PfVfCount, _dpu_operator_v1_PfVfCount__Output, _dpu_operator_v1_PfVfCount__Output>
};
