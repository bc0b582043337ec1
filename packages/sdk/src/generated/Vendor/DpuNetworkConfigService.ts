// Original file: proto/vendor/vendor.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DpuNetworkConfigRequest as _Vendor_DpuNetworkConfigRequest, DpuNetworkConfigRequest__Output as _Vendor_DpuNetworkConfigRequest__Output } from '../Vendor/DpuNetworkConfigRequest.ts';
import type { Empty as _Vendor_Empty, Empty__Output as _Vendor_Empty__Output } from '../Vendor/Empty.ts';

export interface DpuNetworkConfigServiceClient extends grpc.Client {
  SetDpuNetworkConfig(argument: _Vendor_DpuNetworkConfigRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  SetDpuNetworkConfig(argument: _Vendor_DpuNetworkConfigRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  SetDpuNetworkConfig(argument: _Vendor_DpuNetworkConfigRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  SetDpuNetworkConfig(argument: _Vendor_DpuNetworkConfigRequest, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  setDpuNetworkConfig(argument: _Vendor_DpuNetworkConfigRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  setDpuNetworkConfig(argument: _Vendor_DpuNetworkConfigRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  setDpuNetworkConfig(argument: _Vendor_DpuNetworkConfigRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  setDpuNetworkConfig(argument: _Vendor_DpuNetworkConfigRequest, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  
}

export interface DpuNetworkConfigServiceHandlers extends grpc.UntypedServiceImplementation {
  SetDpuNetworkConfig: grpc.handleUnaryCall<_Vendor_DpuNetworkConfigRequest__Output, _Vendor_Empty>;
  
}

export interface DpuNetworkConfigServiceDefinition extends grpc.ServiceDefinition {
  SetDpuNetworkConfig: MethodDefinition<_Vendor_DpuNetworkConfigRequest, _Vendor_Empty, _Vendor_DpuNetworkConfigRequest__Output, _Vendor_Empty__Output>
}
