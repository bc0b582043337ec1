// Original file: proto/dpu_operator/v1/service_chain.proto

import type { Method } from '../../../wire/grpc/method.ts';
import type { CreateServiceChainRequest as _dpu_operator_v1_CreateServiceChainRequest, CreateServiceChainRequest__Output as _dpu_operator_v1_CreateServiceChainRequest__Output } from '../../dpu_operator/v1/CreateServiceChainRequest.ts';
import type { DeleteServiceChainRequest as _dpu_operator_v1_DeleteServiceChainRequest, DeleteServiceChainRequest__Output as _dpu_operator_v1_DeleteServiceChainRequest__Output } from '../../dpu_operator/v1/DeleteServiceChainRequest.ts';
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../google/protobuf/Empty.ts';
import type { GetServiceChainRequest as _dpu_operator_v1_GetServiceChainRequest, GetServiceChainRequest__Output as _dpu_operator_v1_GetServiceChainRequest__Output } from '../../dpu_operator/v1/GetServiceChainRequest.ts';
import type { ListServiceChainsRequest as _dpu_operator_v1_ListServiceChainsRequest, ListServiceChainsRequest__Output as _dpu_operator_v1_ListServiceChainsRequest__Output } from '../../dpu_operator/v1/ListServiceChainsRequest.ts';
import type { ListServiceChainsResponse as _dpu_operator_v1_ListServiceChainsResponse, ListServiceChainsResponse__Output as _dpu_operator_v1_ListServiceChainsResponse__Output } from '../../dpu_operator/v1/ListServiceChainsResponse.ts';
import type { ServiceChain as _dpu_operator_v1_ServiceChain, ServiceChain__Output as _dpu_operator_v1_ServiceChain__Output } from '../../dpu_operator/v1/ServiceChain.ts';
import type { UpdateServiceChainRequest as _dpu_operator_v1_UpdateServiceChainRequest, UpdateServiceChainRequest__Output as _dpu_operator_v1_UpdateServiceChainRequest__Output } from '../../dpu_operator/v1/UpdateServiceChainRequest.ts';

export type ServiceChainService = {
  CreateServiceChain: Method<_dpu_operator_v1_CreateServiceChainRequest, _dpu_operator_v1_ServiceChain, _dpu_operator_v1_CreateServiceChainRequest__Output, _dpu_operator_v1_ServiceChain__Output>
  DeleteServiceChain: Method<_dpu_operator_v1_DeleteServiceChainRequest, _google_protobuf_Empty, _dpu_operator_v1_DeleteServiceChainRequest__Output, _google_protobuf_Empty__Output>
  GetServiceChain: Method<_dpu_operator_v1_GetServiceChainRequest, _dpu_operator_v1_ServiceChain, _dpu_operator_v1_GetServiceChainRequest__Output, _dpu_operator_v1_ServiceChain__Output>
  ListServiceChains: Method<_dpu_operator_v1_ListServiceChainsRequest, _dpu_operator_v1_ListServiceChainsResponse, _dpu_operator_v1_ListServiceChainsRequest__Output, _dpu_operator_v1_ListServiceChainsResponse__Output>
  UpdateServiceChain: Method<_dpu_operator_v1_UpdateServiceChainRequest, _dpu_operator_v1_ServiceChain, _dpu_operator_v1_UpdateServiceChainRequest__Output, _dpu_operator_v1_ServiceChain__Output>
};
