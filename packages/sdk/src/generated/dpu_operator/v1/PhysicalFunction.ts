// Original file: proto/dpu_operator/v1/virtual_function.proto


export interface PhysicalFunction {
  'pf'?: (number);
  'count'?: (number);
  'maximum'?: (number);
  'countAfterRestart'?: (number);
  '_countAfterRestart'?: "countAfterRestart";
}

export interface PhysicalFunction__Output {
  'pf': (number);
  'count': (number);
  'maximum': (number);
  'countAfterRestart'?: (number);
  '_countAfterRestart'?: "countAfterRestart";
}
