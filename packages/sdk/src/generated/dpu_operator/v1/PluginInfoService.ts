// Original file: proto/dpu_operator/v1/plugin_info.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../google/protobuf/Empty.ts';
import type { PluginInfo as _dpu_operator_v1_PluginInfo, PluginInfo__Output as _dpu_operator_v1_PluginInfo__Output } from '../../dpu_operator/v1/PluginInfo.ts';

export interface PluginInfoServiceClient extends grpc.Client {
  GetPluginInfo(argument: _google_protobuf_Empty, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_PluginInfo__Output>): grpc.ClientUnaryCall;
  GetPluginInfo(argument: _google_protobuf_Empty, metadata: grpc.Metadata, callback: grpc.requestCallback<_dpu_operator_v1_PluginInfo__Output>): grpc.ClientUnaryCall;
  GetPluginInfo(argument: _google_protobuf_Empty, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_PluginInfo__Output>): grpc.ClientUnaryCall;
  GetPluginInfo(argument: _google_protobuf_Empty, callback: grpc.requestCallback<_dpu_operator_v1_PluginInfo__Output>): grpc.ClientUnaryCall;
  getPluginInfo(argument: _google_protobuf_Empty, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_PluginInfo__Output>): grpc.ClientUnaryCall;
  getPluginInfo(argument: _google_protobuf_Empty, metadata: grpc.Metadata, callback: grpc.requestCallback<_dpu_operator_v1_PluginInfo__Output>): grpc.ClientUnaryCall;
  getPluginInfo(argument: _google_protobuf_Empty, options: grpc.CallOptions, callback: grpc.requestCallback<_dpu_operator_v1_PluginInfo__Output>): grpc.ClientUnaryCall;
  getPluginInfo(argument: _google_protobuf_Empty, callback: grpc.requestCallback<_dpu_operator_v1_PluginInfo__Output>): grpc.ClientUnaryCall;
  
}

export interface PluginInfoServiceHandlers extends grpc.UntypedServiceImplementation {
  GetPluginInfo: grpc.handleUnaryCall<_google_protobuf_Empty__Output, _dpu_operator_v1_PluginInfo>;
  
}

export interface PluginInfoServiceDefinition extends grpc.ServiceDefinition {
  GetPluginInfo: MethodDefinition<_google_protobuf_Empty, _dpu_operator_v1_PluginInfo, _google_protobuf_Empty__Output, _dpu_operator_v1_PluginInfo__Output>
}
