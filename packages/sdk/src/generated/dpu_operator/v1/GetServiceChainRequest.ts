// Original file: proto/dpu_operator/v1/service_chain.proto


export interface GetServiceChainRequest {
  'name'?: (string);
}

export interface GetServiceChainRequest__Output {
  'name': (string);
}
