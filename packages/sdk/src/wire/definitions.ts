/**
 * gRPC service definitions from the protos embedded in src/generated. Decoded messages have camel-case fields, their
 * defaults filled in, enums by name, 64-bit integers as decimal text, bytes as Buffer.
 */
import type { MethodDefinition as ProtoMethod } from '@grpc/proto-loader';
import protobuf from 'protobufjs/light.js';
import type { DeviceWatchServiceDefinition } from '../generated/dpu_operator/v1/DeviceWatchService.ts';
import type { HealthDefinition } from '../generated/grpc/health/v1/Health.ts';
import type { ServerReflectionDefinition } from '../generated/grpc/reflection/v1/ServerReflection.ts';
import type { DeviceServiceDefinition } from '../generated/opi_api/lifecycle/v1alpha1/DeviceService.ts';
import type { HeartbeatServiceDefinition } from '../generated/opi_api/lifecycle/v1alpha1/HeartbeatService.ts';
import type { LifeCycleServiceDefinition } from '../generated/opi_api/lifecycle/v1alpha1/LifeCycleService.ts';
import type { BridgePortServiceDefinition } from '../generated/opi_api/network/evpn_gw/v1alpha1/BridgePortService.ts';
import type { LogicalBridgeServiceDefinition } from '../generated/opi_api/network/evpn_gw/v1alpha1/LogicalBridgeService.ts';
import { protos } from '../generated/protos.ts';
import type { DpuNetworkConfigServiceDefinition } from '../generated/Vendor/DpuNetworkConfigService.ts';
import type { NetworkFunctionServiceDefinition } from '../generated/Vendor/NetworkFunctionService.ts';
import { grpcService } from './grpc-service.ts';

/**
 * A method as grpc-js takes it. What is sent (`In`) may leave fields out; what arrives (`Out`) has them all.
 */
export interface Method<RequestIn, ResponseIn, RequestOut, ResponseOut> {
  path: string;
  requestStream: boolean;
  responseStream: boolean;
  requestSerialize(value: RequestIn): Buffer;
  requestDeserialize(bytes: Buffer): RequestOut;
  responseSerialize(value: ResponseIn): Buffer;
  responseDeserialize(bytes: Buffer): ResponseOut;
}

/** A generated definition without its index signature and without the descriptors of proto-loader. */
type Methods<Definition> = {
  [Name in keyof Definition as string extends Name
    ? never
    : number extends Name
      ? never
      : Name]: Definition[Name] extends ProtoMethod<
    infer RequestIn,
    infer ResponseIn,
    infer RequestOut,
    infer ResponseOut
  >
    ? Method<RequestIn, ResponseIn, RequestOut, ResponseOut>
    : never;
};

const conversion: protobuf.IConversionOptions = { longs: String, enums: String, defaults: true, oneofs: true };

const root = protobuf.Root.fromJSON(protos()).resolveAll();

function service<Definition>(fullName: string): Methods<Definition> {
  // The generated types and protos.json come from the same files.
  return grpcService(root, fullName, conversion) as Methods<Definition>;
}

export const lifeCycleService = service<LifeCycleServiceDefinition>('opi_api.lifecycle.v1alpha1.LifeCycleService');
export const deviceService = service<DeviceServiceDefinition>('opi_api.lifecycle.v1alpha1.DeviceService');
export const heartbeatService = service<HeartbeatServiceDefinition>('opi_api.lifecycle.v1alpha1.HeartbeatService');

// Vendor.Empty and google.protobuf.Empty are one on the wire and in TypeScript.
export const vendorLifeCycleService = service<LifeCycleServiceDefinition>('Vendor.LifeCycleService');
export const vendorDeviceService = service<DeviceServiceDefinition>('Vendor.DeviceService');
export const vendorHeartbeatService = service<HeartbeatServiceDefinition>('Vendor.HeartbeatService');
export const networkFunctionService = service<NetworkFunctionServiceDefinition>('Vendor.NetworkFunctionService');
export const networkConfigService = service<DpuNetworkConfigServiceDefinition>('Vendor.DpuNetworkConfigService');

const evpn = 'opi_api.network.evpn_gw.v1alpha1';
export const bridgePortService = service<BridgePortServiceDefinition>(`${evpn}.BridgePortService`);
export const logicalBridgeService = service<LogicalBridgeServiceDefinition>(`${evpn}.LogicalBridgeService`);

export const deviceWatchService = service<DeviceWatchServiceDefinition>('dpu_operator.v1.DeviceWatchService');

export const healthService = service<HealthDefinition>('grpc.health.v1.Health');
export const reflectionService = service<ServerReflectionDefinition>('grpc.reflection.v1.ServerReflection');
// Same messages, older name; grpcurl before 1.8.8 knows only this one.
export const reflectionAlphaService = service<ServerReflectionDefinition>('grpc.reflection.v1alpha.ServerReflection');
