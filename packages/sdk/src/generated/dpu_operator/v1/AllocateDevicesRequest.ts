// Original file: proto/dpu_operator/v1/device_allocation.proto


export interface AllocateDevicesRequest {
  'deviceIds'?: (string)[];
}

export interface AllocateDevicesRequest__Output {
  'deviceIds': (string)[];
}
