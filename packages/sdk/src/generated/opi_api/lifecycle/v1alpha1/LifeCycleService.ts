// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { InitRequest as _opi_api_lifecycle_v1alpha1_InitRequest, InitRequest__Output as _opi_api_lifecycle_v1alpha1_InitRequest__Output } from '../../../opi_api/lifecycle/v1alpha1/InitRequest.ts';
import type { IpPort as _opi_api_lifecycle_v1alpha1_IpPort, IpPort__Output as _opi_api_lifecycle_v1alpha1_IpPort__Output } from '../../../opi_api/lifecycle/v1alpha1/IpPort.ts';

export interface LifeCycleServiceClient extends grpc.Client {
  Init(argument: _opi_api_lifecycle_v1alpha1_InitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_IpPort__Output>): grpc.ClientUnaryCall;
  Init(argument: _opi_api_lifecycle_v1alpha1_InitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_IpPort__Output>): grpc.ClientUnaryCall;
  Init(argument: _opi_api_lifecycle_v1alpha1_InitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_IpPort__Output>): grpc.ClientUnaryCall;
  Init(argument: _opi_api_lifecycle_v1alpha1_InitRequest, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_IpPort__Output>): grpc.ClientUnaryCall;
  init(argument: _opi_api_lifecycle_v1alpha1_InitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_IpPort__Output>): grpc.ClientUnaryCall;
  init(argument: _opi_api_lifecycle_v1alpha1_InitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_IpPort__Output>): grpc.ClientUnaryCall;
  init(argument: _opi_api_lifecycle_v1alpha1_InitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_IpPort__Output>): grpc.ClientUnaryCall;
  init(argument: _opi_api_lifecycle_v1alpha1_InitRequest, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_IpPort__Output>): grpc.ClientUnaryCall;
  
}

export interface LifeCycleServiceHandlers extends grpc.UntypedServiceImplementation {
  Init: grpc.handleUnaryCall<_opi_api_lifecycle_v1alpha1_InitRequest__Output, _opi_api_lifecycle_v1alpha1_IpPort>;
  
}

export interface LifeCycleServiceDefinition extends grpc.ServiceDefinition {
  Init: MethodDefinition<_opi_api_lifecycle_v1alpha1_InitRequest, _opi_api_lifecycle_v1alpha1_IpPort, _opi_api_lifecycle_v1alpha1_InitRequest__Output, _opi_api_lifecycle_v1alpha1_IpPort__Output>
}
