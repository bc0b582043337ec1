// Original file: proto/dpu_operator/v1/device_watch.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DeviceListResponse as _opi_api_lifecycle_v1alpha1_DeviceListResponse, DeviceListResponse__Output as _opi_api_lifecycle_v1alpha1_DeviceListResponse__Output } from '../../opi_api/lifecycle/v1alpha1/DeviceListResponse.ts';
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../google/protobuf/Empty.ts';

export interface DeviceWatchServiceClient extends grpc.Client {
  WatchDevices(argument: _google_protobuf_Empty, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>;
  WatchDevices(argument: _google_protobuf_Empty, options?: grpc.CallOptions): grpc.ClientReadableStream<_opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>;
  watchDevices(argument: _google_protobuf_Empty, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>;
  watchDevices(argument: _google_protobuf_Empty, options?: grpc.CallOptions): grpc.ClientReadableStream<_opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>;
  
}

export interface DeviceWatchServiceHandlers extends grpc.UntypedServiceImplementation {
  WatchDevices: grpc.handleServerStreamingCall<_google_protobuf_Empty__Output, _opi_api_lifecycle_v1alpha1_DeviceListResponse>;
  
}

export interface DeviceWatchServiceDefinition extends grpc.ServiceDefinition {
  WatchDevices: MethodDefinition<_google_protobuf_Empty, _opi_api_lifecycle_v1alpha1_DeviceListResponse, _google_protobuf_Empty__Output, _opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>
}
