// Original file: proto/dpu_operator/v1/service_chain.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CreateServiceChainRequest as _dpu_operator_v1_CreateServiceChainRequest, CreateServiceChainRequest__Output as _dpu_operator_v1_CreateServiceChainRequest__Output } from '../../dpu_operator/v1/CreateServiceChainRequest.ts';
import type { DeleteServiceChainRequest as _dpu_operator_v1_DeleteServiceChainRequest, DeleteServiceChainRequest__Output as _dpu_operator_v1_DeleteServiceChainRequest__Output } from '../../dpu_operator/v1/DeleteServiceChainRequest.ts';
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../google/protobuf/Empty.ts';
import type { GetServiceChainRequest as _dpu_operator_v1_GetServiceChainRequest, GetServiceChainRequest__Output as _dpu_operator_v1_GetServiceChainRequest__Output } from '../../dpu_operator/v1/GetServiceChainRequest.ts';
import type { ListServiceChainsRequest as _dpu_operator_v1_ListServiceChainsRequest, ListServiceChainsRequest__Output as _dpu_operator_v1_ListServiceChainsRequest__Output } from '../../dpu_operator/v1/ListServiceChainsRequest.ts';
import type { ListServiceChainsResponse as _dpu_operator_v1_ListServiceChainsResponse, ListServiceChainsResponse__Output as _dpu_operator_v1_ListServiceChainsResponse__Output } from '../../dpu_operator/v1/ListServiceChainsResponse.ts';
import type { ServiceChain as _dpu_operator_v1_ServiceChain, ServiceChain__Output as _dpu_operator_v1_ServiceChain__Output } from '../../dpu_operator/v1/ServiceChain.ts';
import type { UpdateServiceChainRequest as _dpu_operator_v1_UpdateServiceChainRequest, UpdateServiceChainRequest__Output as _dpu_operator_v1_UpdateServiceChainRequest__Output } from '../../dpu_operator/v1/UpdateServiceChainRequest.ts';

export interface ServiceChainServiceClient extends grpc.Client {
  CreateServiceChain(argument: _dpu_operator_v1_CreateServiceChainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  CreateServiceChain(argument: _dpu_operator_v1_CreateServiceChainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  CreateServiceChain(argument: _dpu_operator_v1_CreateServiceChainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  CreateServiceChain(argument: _dpu_operator_v1_CreateServiceChainRequest, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  createServiceChain(argument: _dpu_operator_v1_CreateServiceChainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  createServiceChain(argument: _dpu_operator_v1_CreateServiceChainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  createServiceChain(argument: _dpu_operator_v1_CreateServiceChainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  createServiceChain(argument: _dpu_operator_v1_CreateServiceChainRequest, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  
  DeleteServiceChain(argument: _dpu_operator_v1_DeleteServiceChainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  DeleteServiceChain(argument: _dpu_operator_v1_DeleteServiceChainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  DeleteServiceChain(argument: _dpu_operator_v1_DeleteServiceChainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  DeleteServiceChain(argument: _dpu_operator_v1_DeleteServiceChainRequest, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  deleteServiceChain(argument: _dpu_operator_v1_DeleteServiceChainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  deleteServiceChain(argument: _dpu_operator_v1_DeleteServiceChainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  deleteServiceChain(argument: _dpu_operator_v1_DeleteServiceChainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  deleteServiceChain(argument: _dpu_operator_v1_DeleteServiceChainRequest, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  
  GetServiceChain(argument: _dpu_operator_v1_GetServiceChainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  GetServiceChain(argument: _dpu_operator_v1_GetServiceChainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  GetServiceChain(argument: _dpu_operator_v1_GetServiceChainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  GetServiceChain(argument: _dpu_operator_v1_GetServiceChainRequest, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  getServiceChain(argument: _dpu_operator_v1_GetServiceChainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  getServiceChain(argument: _dpu_operator_v1_GetServiceChainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  getServiceChain(argument: _dpu_operator_v1_GetServiceChainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  getServiceChain(argument: _dpu_operator_v1_GetServiceChainRequest, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  
  ListServiceChains(argument: _dpu_operator_v1_ListServiceChainsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ListServiceChainsResponse__Output>): grpc.ClientUnaryCall;
  ListServiceChains(argument: _dpu_operator_v1_ListServiceChainsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_dpu_operator_v1_ListServiceChainsResponse__Output>): grpc.ClientUnaryCall;
  ListServiceChains(argument: _dpu_operator_v1_ListServiceChainsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ListServiceChainsResponse__Output>): grpc.ClientUnaryCall;
  ListServiceChains(argument: _dpu_operator_v1_ListServiceChainsRequest, callback: grpc.requestCallback<_dpu_operator_v1_ListServiceChainsResponse__Output>): grpc.ClientUnaryCall;
  listServiceChains(argument: _dpu_operator_v1_ListServiceChainsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ListServiceChainsResponse__Output>): grpc.ClientUnaryCall;
  listServiceChains(argument: _dpu_operator_v1_ListServiceChainsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_dpu_operator_v1_ListServiceChainsResponse__Output>): grpc.ClientUnaryCall;
  listServiceChains(argument: _dpu_operator_v1_ListServiceChainsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ListServiceChainsResponse__Output>): grpc.ClientUnaryCall;
  listServiceChains(argument: _dpu_operator_v1_ListServiceChainsRequest, callback: grpc.requestCallback<_dpu_operator_v1_ListServiceChainsResponse__Output>): grpc.ClientUnaryCall;
  
  UpdateServiceChain(argument: _dpu_operator_v1_UpdateServiceChainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  UpdateServiceChain(argument: _dpu_operator_v1_UpdateServiceChainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  UpdateServiceChain(argument: _dpu_operator_v1_UpdateServiceChainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  UpdateServiceChain(argument: _dpu_operator_v1_UpdateServiceChainRequest, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  updateServiceChain(argument: _dpu_operator_v1_UpdateServiceChainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  updateServiceChain(argument: _dpu_operator_v1_UpdateServiceChainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  updateServiceChain(argument: _dpu_operator_v1_UpdateServiceChainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  updateServiceChain(argument: _dpu_operator_v1_UpdateServiceChainRequest, callback: grpc.requestCallback<_dpu_operator_v1_ServiceChain__Output>): grpc.ClientUnaryCall;
  
}

export interface ServiceChainServiceHandlers extends grpc.UntypedServiceImplementation {
  CreateServiceChain: grpc.handleUnaryCall<_dpu_operator_v1_CreateServiceChainRequest__Output, _dpu_operator_v1_ServiceChain>;
  
  DeleteServiceChain: grpc.handleUnaryCall<_dpu_operator_v1_DeleteServiceChainRequest__Output, _google_protobuf_Empty>;
  
  GetServiceChain: grpc.handleUnaryCall<_dpu_operator_v1_GetServiceChainRequest__Output, _dpu_operator_v1_ServiceChain>;
  
  ListServiceChains: grpc.handleUnaryCall<_dpu_operator_v1_ListServiceChainsRequest__Output, _dpu_operator_v1_ListServiceChainsResponse>;
  
  UpdateServiceChain: grpc.handleUnaryCall<_dpu_operator_v1_UpdateServiceChainRequest__Output, _dpu_operator_v1_ServiceChain>;
  
}

export interface ServiceChainServiceDefinition extends grpc.ServiceDefinition {
  CreateServiceChain: MethodDefinition<_dpu_operator_v1_CreateServiceChainRequest, _dpu_operator_v1_ServiceChain, _dpu_operator_v1_CreateServiceChainRequest__Output, _dpu_operator_v1_ServiceChain__Output>
  DeleteServiceChain: MethodDefinition<_dpu_operator_v1_DeleteServiceChainRequest, _google_protobuf_Empty, _dpu_operator_v1_DeleteServiceChainRequest__Output, _google_protobuf_Empty__Output>
  GetServiceChain: MethodDefinition<_dpu_operator_v1_GetServiceChainRequest, _dpu_operator_v1_ServiceChain, _dpu_operator_v1_GetServiceChainRequest__Output, _dpu_operator_v1_ServiceChain__Output>
  ListServiceChains: MethodDefinition<_dpu_operator_v1_ListServiceChainsRequest, _dpu_operator_v1_ListServiceChainsResponse, _dpu_operator_v1_ListServiceChainsRequest__Output, _dpu_operator_v1_ListServiceChainsResponse__Output>
  UpdateServiceChain: MethodDefinition<_dpu_operator_v1_UpdateServiceChainRequest, _dpu_operator_v1_ServiceChain, _dpu_operator_v1_UpdateServiceChainRequest__Output, _dpu_operator_v1_ServiceChain__Output>
}
