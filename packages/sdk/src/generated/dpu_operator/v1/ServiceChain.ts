// Original file: proto/dpu_operator/v1/service_chain.proto

import type { ChainedFunction as _dpu_operator_v1_ChainedFunction, ChainedFunction__Output as _dpu_operator_v1_ChainedFunction__Output } from '../../dpu_operator/v1/ChainedFunction.ts';

export interface ServiceChain {
  'name'?: (string);
  'networkFunctions'?: (_dpu_operator_v1_ChainedFunction)[];
}

export interface ServiceChain__Output {
  'name': (string);
  'networkFunctions': (_dpu_operator_v1_ChainedFunction__Output)[];
}
