// Original file: proto/dpu_operator/v1/device_allocation.proto

import type { Method } from '../../../wire/grpc/method.ts';
import type { AllocateDevicesRequest as _dpu_operator_v1_AllocateDevicesRequest, AllocateDevicesRequest__Output as _dpu_operator_v1_AllocateDevicesRequest__Output } from '../../dpu_operator/v1/AllocateDevicesRequest.ts';
import type { AllocateDevicesResponse as _dpu_operator_v1_AllocateDevicesResponse, AllocateDevicesResponse__Output as _dpu_operator_v1_AllocateDevicesResponse__Output } from '../../dpu_operator/v1/AllocateDevicesResponse.ts';

export type DeviceAllocationService = {
  AllocateDevices: Method<_dpu_operator_v1_AllocateDevicesRequest, _dpu_operator_v1_AllocateDevicesResponse, _dpu_operator_v1_AllocateDevicesRequest__Output, _dpu_operator_v1_AllocateDevicesResponse__Output>
};
