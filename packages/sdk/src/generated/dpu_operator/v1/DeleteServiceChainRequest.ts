// Original file: proto/dpu_operator/v1/service_chain.proto


export interface DeleteServiceChainRequest {
  'name'?: (string);
  'allowMissing'?: (boolean);
}

export interface DeleteServiceChainRequest__Output {
  'name': (string);
  'allowMissing': (boolean);
}
