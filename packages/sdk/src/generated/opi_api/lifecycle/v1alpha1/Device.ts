// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto

import type { TopologyInfo as _opi_api_lifecycle_v1alpha1_TopologyInfo, TopologyInfo__Output as _opi_api_lifecycle_v1alpha1_TopologyInfo__Output } from '../../../opi_api/lifecycle/v1alpha1/TopologyInfo.ts';
import type { DeviceDetails as _dpu_operator_v1_DeviceDetails, DeviceDetails__Output as _dpu_operator_v1_DeviceDetails__Output } from '../../../dpu_operator/v1/DeviceDetails.ts';

export interface Device {
  'ID'?: (string);
  'health'?: (string);
  'topology'?: (_opi_api_lifecycle_v1alpha1_TopologyInfo | null);
  'details'?: (_dpu_operator_v1_DeviceDetails | null);
}

export interface Device__Output {
  'ID': (string);
  'health': (string);
  'topology': (_opi_api_lifecycle_v1alpha1_TopologyInfo__Output | null);
  'details': (_dpu_operator_v1_DeviceDetails__Output | null);
}
