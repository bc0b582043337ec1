// Original file: proto/dpu_operator/v1/virtual_function.proto


export interface PfVfCount {
  'pf'?: (number);
  'vfCnt'?: (number);
}

export interface PfVfCount__Output {
  'pf': (number);
  'vfCnt': (number);
}
