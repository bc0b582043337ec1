// Original file: proto/dpu_operator/v1/virtual_function.proto

import type { VfResizing as _dpu_operator_v1_VfResizing, VfResizing__Output as _dpu_operator_v1_VfResizing__Output } from '../../dpu_operator/v1/VfResizing.ts';
import type { PhysicalFunction as _dpu_operator_v1_PhysicalFunction, PhysicalFunction__Output as _dpu_operator_v1_PhysicalFunction__Output } from '../../dpu_operator/v1/PhysicalFunction.ts';

export interface VirtualFunctions {
  'resizing'?: (_dpu_operator_v1_VfResizing);
  'physicalFunctions'?: (_dpu_operator_v1_PhysicalFunction)[];
}

export interface VirtualFunctions__Output {
  'resizing': (_dpu_operator_v1_VfResizing__Output);
  'physicalFunctions': (_dpu_operator_v1_PhysicalFunction__Output)[];
}
