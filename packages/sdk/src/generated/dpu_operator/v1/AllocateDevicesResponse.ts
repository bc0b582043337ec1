// Original file: proto/dpu_operator/v1/device_allocation.proto

import type { AllocatedMount as _dpu_operator_v1_AllocatedMount, AllocatedMount__Output as _dpu_operator_v1_AllocatedMount__Output } from '../../dpu_operator/v1/AllocatedMount.ts';
import type { AllocatedDeviceNode as _dpu_operator_v1_AllocatedDeviceNode, AllocatedDeviceNode__Output as _dpu_operator_v1_AllocatedDeviceNode__Output } from '../../dpu_operator/v1/AllocatedDeviceNode.ts';

export interface AllocateDevicesResponse {
  'env'?: ({[key: string]: string});
  'mounts'?: (_dpu_operator_v1_AllocatedMount)[];
  'deviceNodes'?: (_dpu_operator_v1_AllocatedDeviceNode)[];
  'cdiDevices'?: (string)[];
}

export interface AllocateDevicesResponse__Output {
  'env': ({[key: string]: string});
  'mounts': (_dpu_operator_v1_AllocatedMount__Output)[];
  'deviceNodes': (_dpu_operator_v1_AllocatedDeviceNode__Output)[];
  'cdiDevices': (string)[];
}
