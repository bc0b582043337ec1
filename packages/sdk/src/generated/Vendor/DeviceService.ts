// Original file: proto/vendor/vendor.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DeviceListResponse as _opi_api_lifecycle_v1alpha1_DeviceListResponse, DeviceListResponse__Output as _opi_api_lifecycle_v1alpha1_DeviceListResponse__Output } from '../opi_api/lifecycle/v1alpha1/DeviceListResponse.ts';
import type { Empty as _Vendor_Empty, Empty__Output as _Vendor_Empty__Output } from '../Vendor/Empty.ts';
import type { VfCount as _opi_api_lifecycle_v1alpha1_VfCount, VfCount__Output as _opi_api_lifecycle_v1alpha1_VfCount__Output } from '../opi_api/lifecycle/v1alpha1/VfCount.ts';

export interface DeviceServiceClient extends grpc.Client {
  GetDevices(argument: _Vendor_Empty, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>): grpc.ClientUnaryCall;
  GetDevices(argument: _Vendor_Empty, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>): grpc.ClientUnaryCall;
  GetDevices(argument: _Vendor_Empty, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>): grpc.ClientUnaryCall;
  GetDevices(argument: _Vendor_Empty, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>): grpc.ClientUnaryCall;
  getDevices(argument: _Vendor_Empty, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>): grpc.ClientUnaryCall;
  getDevices(argument: _Vendor_Empty, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>): grpc.ClientUnaryCall;
  getDevices(argument: _Vendor_Empty, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>): grpc.ClientUnaryCall;
  getDevices(argument: _Vendor_Empty, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>): grpc.ClientUnaryCall;
  
  SetNumVfs(argument: _opi_api_lifecycle_v1alpha1_VfCount, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_VfCount__Output>): grpc.ClientUnaryCall;
  SetNumVfs(argument: _opi_api_lifecycle_v1alpha1_VfCount, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_VfCount__Output>): grpc.ClientUnaryCall;
  SetNumVfs(argument: _opi_api_lifecycle_v1alpha1_VfCount, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_VfCount__Output>): grpc.ClientUnaryCall;
  SetNumVfs(argument: _opi_api_lifecycle_v1alpha1_VfCount, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_VfCount__Output>): grpc.ClientUnaryCall;
  setNumVfs(argument: _opi_api_lifecycle_v1alpha1_VfCount, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_VfCount__Output>): grpc.ClientUnaryCall;
  setNumVfs(argument: _opi_api_lifecycle_v1alpha1_VfCount, metadata: grpc.Metadata, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_VfCount__Output>): grpc.ClientUnaryCall;
  setNumVfs(argument: _opi_api_lifecycle_v1alpha1_VfCount, options: grpc.CallOptions, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_VfCount__Output>): grpc.ClientUnaryCall;
  setNumVfs(argument: _opi_api_lifecycle_v1alpha1_VfCount, callback: grpc.requestCallback<_opi_api_lifecycle_v1alpha1_VfCount__Output>): grpc.ClientUnaryCall;
  
}

export interface DeviceServiceHandlers extends grpc.UntypedServiceImplementation {
  GetDevices: grpc.handleUnaryCall<_Vendor_Empty__Output, _opi_api_lifecycle_v1alpha1_DeviceListResponse>;
  
  SetNumVfs: grpc.handleUnaryCall<_opi_api_lifecycle_v1alpha1_VfCount__Output, _opi_api_lifecycle_v1alpha1_VfCount>;
  
}

export interface DeviceServiceDefinition extends grpc.ServiceDefinition {
  GetDevices: MethodDefinition<_Vendor_Empty, _opi_api_lifecycle_v1alpha1_DeviceListResponse, _Vendor_Empty__Output, _opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>
  SetNumVfs: MethodDefinition<_opi_api_lifecycle_v1alpha1_VfCount, _opi_api_lifecycle_v1alpha1_VfCount, _opi_api_lifecycle_v1alpha1_VfCount__Output, _opi_api_lifecycle_v1alpha1_VfCount__Output>
}
