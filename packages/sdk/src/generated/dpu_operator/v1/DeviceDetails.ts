// Original file: proto/dpu_operator/v1/device.proto

import type { DeviceKind as _dpu_operator_v1_DeviceKind, DeviceKind__Output as _dpu_operator_v1_DeviceKind__Output } from '../../dpu_operator/v1/DeviceKind.ts';

export interface DeviceDetails {
  'pf'?: (number);
  'vf'?: (number);
  'kind'?: (_dpu_operator_v1_DeviceKind);
  'reason'?: (string);
  'attributes'?: ({[key: string]: string});
  '_pf'?: "pf";
  '_vf'?: "vf";
}

export interface DeviceDetails__Output {
  'pf'?: (number);
  'vf'?: (number);
  'kind': (_dpu_operator_v1_DeviceKind__Output);
  'reason': (string);
  'attributes': ({[key: string]: string});
  '_pf'?: "pf";
  '_vf'?: "vf";
}
