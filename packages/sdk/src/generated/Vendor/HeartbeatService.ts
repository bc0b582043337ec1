// Original file: proto/vendor/vendor.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { PingRequest as _opi_api_lifecycle_v1alpha1_PingRequest, PingRequest__Output as _opi_api_lifecycle_v1alpha1_PingRequest__Output } from '../opi_api/lifecycle/v1alpha1/PingRequest.ts';
import type { PingResponse as _opi_api_lifecycle_v1alpha1_PingResponse, PingResponse__Output as _opi_api_lifecycle_v1alpha1_PingResponse__Output } from '../opi_api/lifecycle/v1alpha1/PingResponse.ts';

export interface HeartbeatServiceClient extends grpc.Client {
  Ping(argument: _opi_api_lifecycle_v1alpha1_PingRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_PingResponse__Output>): grpc.ClientUnaryCall;
  Ping(argument: _opi_api_lifecycle_v1alpha1_PingRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_PingResponse__Output>): grpc.ClientUnaryCall;
  Ping(argument: _opi_api_lifecycle_v1alpha1_PingRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_PingResponse__Output>): grpc.ClientUnaryCall;
  Ping(argument: _opi_api_lifecycle_v1alpha1_PingRequest, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_PingResponse__Output>): grpc.ClientUnaryCall;
  ping(argument: _opi_api_lifecycle_v1alpha1_PingRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_PingResponse__Output>): grpc.ClientUnaryCall;
  ping(argument: _opi_api_lifecycle_v1alpha1_PingRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_PingResponse__Output>): grpc.ClientUnaryCall;
  ping(argument: _opi_api_lifecycle_v1alpha1_PingRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_PingResponse__Output>): grpc.ClientUnaryCall;
  ping(argument: _opi_api_lifecycle_v1alpha1_PingRequest, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_PingResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface HeartbeatServiceHandlers extends grpc.UntypedServiceImplementation {
  Ping: grpc.handleUnaryCall<_opi_api_lifecycle_v1alpha1_PingRequest__Output, _opi_api_lifecycle_v1alpha1_PingResponse>;
  
}

export interface HeartbeatServiceDefinition extends grpc.ServiceDefinition {
  Ping: MethodDefinition<_opi_api_lifecycle_v1alpha1_PingRequest, _opi_api_lifecycle_v1alpha1_PingResponse, _opi_api_lifecycle_v1alpha1_PingRequest__Output, _opi_api_lifecycle_v1alpha1_PingResponse__Output>
}
