// Original file: proto/dpu_operator/v1/device_allocation.proto


export interface AllocatedMount {
  'hostPath'?: (string);
  'containerPath'?: (string);
  'readOnly'?: (boolean);
}

export interface AllocatedMount__Output {
  'hostPath': (string);
  'containerPath': (string);
  'readOnly': (boolean);
}
