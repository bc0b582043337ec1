// Original file: proto/vendor/vendor.proto


export interface DpuNetworkConfigRequest {
  'isAccelerated'?: (boolean);
}

export interface DpuNetworkConfigRequest__Output {
  'isAccelerated': (boolean);
}
