// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto

import type { Device as _opi_api_lifecycle_v1alpha1_Device, Device__Output as _opi_api_lifecycle_v1alpha1_Device__Output } from '../../../opi_api/lifecycle/v1alpha1/Device.ts';

export interface DeviceListResponse {
  'devices'?: ({[key: string]: _opi_api_lifecycle_v1alpha1_Device});
}

export interface DeviceListResponse__Output {
  'devices': ({[key: string]: _opi_api_lifecycle_v1alpha1_Device__Output});
}
