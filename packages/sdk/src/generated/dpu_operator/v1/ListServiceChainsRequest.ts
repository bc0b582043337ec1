// Original file: proto/dpu_operator/v1/service_chain.proto


export interface ListServiceChainsRequest {
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListServiceChainsRequest__Output {
  'pageSize': (number);
  'pageToken': (string);
}
