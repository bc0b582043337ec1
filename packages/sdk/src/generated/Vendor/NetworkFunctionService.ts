// Original file: proto/vendor/vendor.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { Empty as _Vendor_Empty, Empty__Output as _Vendor_Empty__Output } from '../Vendor/Empty.ts';
import type { NFRequest as _Vendor_NFRequest, NFRequest__Output as _Vendor_NFRequest__Output } from '../Vendor/NFRequest.ts';

export interface NetworkFunctionServiceClient extends grpc.Client {
  CreateNetworkFunction(argument: _Vendor_NFRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  CreateNetworkFunction(argument: _Vendor_NFRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  CreateNetworkFunction(argument: _Vendor_NFRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  CreateNetworkFunction(argument: _Vendor_NFRequest, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  createNetworkFunction(argument: _Vendor_NFRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  createNetworkFunction(argument: _Vendor_NFRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  createNetworkFunction(argument: _Vendor_NFRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  createNetworkFunction(argument: _Vendor_NFRequest, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  
  DeleteNetworkFunction(argument: _Vendor_NFRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  DeleteNetworkFunction(argument: _Vendor_NFRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  DeleteNetworkFunction(argument: _Vendor_NFRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  DeleteNetworkFunction(argument: _Vendor_NFRequest, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  deleteNetworkFunction(argument: _Vendor_NFRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  deleteNetworkFunction(argument: _Vendor_NFRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  deleteNetworkFunction(argument: _Vendor_NFRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  deleteNetworkFunction(argument: _Vendor_NFRequest, callback: grpc.requestCallback<_Vendor_Empty__Output>): grpc.ClientUnaryCall;
  
}

export interface NetworkFunctionServiceHandlers extends grpc.UntypedServiceImplementation {
  CreateNetworkFunction: grpc.handleUnaryCall<_Vendor_NFRequest__Output, _Vendor_Empty>;
  
  DeleteNetworkFunction: grpc.handleUnaryCall<_Vendor_NFRequest__Output, _Vendor_Empty>;
  
}

export interface NetworkFunctionServiceDefinition extends grpc.ServiceDefinition {
  CreateNetworkFunction: MethodDefinition<_Vendor_NFRequest, _Vendor_Empty, _Vendor_NFRequest__Output, _Vendor_Empty__Output>
  DeleteNetworkFunction: MethodDefinition<_Vendor_NFRequest, _Vendor_Empty, _Vendor_NFRequest__Output, _Vendor_Empty__Output>
}
