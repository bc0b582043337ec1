// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto


export interface VfCount {
  'vfCnt'?: (number);
}

export interface VfCount__Output {
  'vfCnt': (number);
}
