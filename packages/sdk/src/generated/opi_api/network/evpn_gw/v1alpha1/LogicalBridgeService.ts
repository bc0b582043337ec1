// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CreateLogicalBridgeRequest as _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest, CreateLogicalBridgeRequest__Output as _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/CreateLogicalBridgeRequest.ts';
import type { DeleteLogicalBridgeRequest as _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest, DeleteLogicalBridgeRequest__Output as _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/DeleteLogicalBridgeRequest.ts';
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../../../google/protobuf/Empty.ts';
import type { GetLogicalBridgeRequest as _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest, GetLogicalBridgeRequest__Output as _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/GetLogicalBridgeRequest.ts';
import type { ListLogicalBridgesRequest as _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest, ListLogicalBridgesRequest__Output as _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/ListLogicalBridgesRequest.ts';
import type { ListLogicalBridgesResponse as _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse, ListLogicalBridgesResponse__Output as _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/ListLogicalBridgesResponse.ts';
import type { LogicalBridge as _opi_api_network_evpn_gw_v1alpha1_LogicalBridge, LogicalBridge__Output as _opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/LogicalBridge.ts';
import type { UpdateLogicalBridgeRequest as _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest, UpdateLogicalBridgeRequest__Output as _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/UpdateLogicalBridgeRequest.ts';

export interface LogicalBridgeServiceClient extends grpc.Client {
  CreateLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  CreateLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  CreateLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  CreateLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  createLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  createLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  createLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  createLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  
  DeleteLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  DeleteLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  DeleteLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  DeleteLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  deleteLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  deleteLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  deleteLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  deleteLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest, callback: grpc.requestCallback<_google_protobuf_Empty__Output>): grpc.ClientUnaryCall;
  
  GetLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  GetLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  GetLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  GetLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  getLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  getLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  getLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  getLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  
  ListLogicalBridges(argument: _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse__Output>): grpc.ClientUnaryCall;
  ListLogicalBridges(argument: _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse__Output>): grpc.ClientUnaryCall;
  ListLogicalBridges(argument: _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse__Output>): grpc.ClientUnaryCall;
  ListLogicalBridges(argument: _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse__Output>): grpc.ClientUnaryCall;
  listLogicalBridges(argument: _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse__Output>): grpc.ClientUnaryCall;
  listLogicalBridges(argument: _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse__Output>): grpc.ClientUnaryCall;
  listLogicalBridges(argument: _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse__Output>): grpc.ClientUnaryCall;
  listLogicalBridges(argument: _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse__Output>): grpc.ClientUnaryCall;
  
  UpdateLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  UpdateLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  UpdateLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  UpdateLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  updateLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  updateLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  updateLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  updateLogicalBridge(argument: _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest, callback: grpc.requestCallback<_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>): grpc.ClientUnaryCall;
  
}

export interface LogicalBridgeServiceHandlers extends grpc.UntypedServiceImplementation {
  CreateLogicalBridge: grpc.handleUnaryCall<_opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest__Output, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge>;
  
  DeleteLogicalBridge: grpc.handleUnaryCall<_opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest__Output, _google_protobuf_Empty>;
  
  GetLogicalBridge: grpc.handleUnaryCall<_opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest__Output, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge>;
  
  ListLogicalBridges: grpc.handleUnaryCall<_opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest__Output, _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse>;
  
  UpdateLogicalBridge: grpc.handleUnaryCall<_opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest__Output, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge>;
  
}

export interface LogicalBridgeServiceDefinition extends grpc.ServiceDefinition {
  CreateLogicalBridge: MethodDefinition<_opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge, _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest__Output, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>
  DeleteLogicalBridge: MethodDefinition<_opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest, _google_protobuf_Empty, _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest__Output, _google_protobuf_Empty__Output>
  GetLogicalBridge: MethodDefinition<_opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge, _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest__Output, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>
  ListLogicalBridges: MethodDefinition<_opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest, _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse, _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest__Output, _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse__Output>
  UpdateLogicalBridge: MethodDefinition<_opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge, _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest__Output, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>
}
