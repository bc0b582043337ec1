// Original file: proto/dpu_operator/v1/service_chain.proto

import type { ServiceChain as _dpu_operator_v1_ServiceChain, ServiceChain__Output as _dpu_operator_v1_ServiceChain__Output } from '../../dpu_operator/v1/ServiceChain.ts';

export interface ListServiceChainsResponse {
  'serviceChains'?: (_dpu_operator_v1_ServiceChain)[];
  'nextPageToken'?: (string);
}

export interface ListServiceChainsResponse__Output {
  'serviceChains': (_dpu_operator_v1_ServiceChain__Output)[];
  'nextPageToken': (string);
}
