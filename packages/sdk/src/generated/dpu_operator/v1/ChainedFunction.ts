// Original file: proto/dpu_operator/v1/service_chain.proto


export interface ChainedFunction {
  'input'?: (string);
  'output'?: (string);
  'bridgeId'?: (string);
}

export interface ChainedFunction__Output {
  'input': (string);
  'output': (string);
  'bridgeId': (string);
}
