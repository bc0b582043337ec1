// Original file: proto/dpu_operator/v1/device_allocation.proto


export interface AllocatedDeviceNode {
  'hostPath'?: (string);
  'containerPath'?: (string);
  'permissions'?: (string);
}

export interface AllocatedDeviceNode__Output {
  'hostPath': (string);
  'containerPath': (string);
  'permissions': (string);
}
