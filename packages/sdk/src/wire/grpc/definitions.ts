/**
 * gRPC service definitions from the protos embedded in src/generated. Decoded messages have camel-case fields, their
 * defaults filled in, enums by name, 64-bit integers as decimal text, bytes as Buffer.
 */
import protobuf from 'protobufjs/light.js';
import type { DeviceAllocationService } from '../../generated/dpu_operator/v1/DeviceAllocationService.ts';
import type { DeviceWatchService } from '../../generated/dpu_operator/v1/DeviceWatchService.ts';
import type { PluginInfoService } from '../../generated/dpu_operator/v1/PluginInfoService.ts';
import type { ReplayService } from '../../generated/dpu_operator/v1/ReplayService.ts';
import type { ServiceChainService } from '../../generated/dpu_operator/v1/ServiceChainService.ts';
import type { StatusService } from '../../generated/dpu_operator/v1/StatusService.ts';
import type { VirtualFunctionService } from '../../generated/dpu_operator/v1/VirtualFunctionService.ts';
import type { Health } from '../../generated/grpc/health/v1/Health.ts';
import type { ServerReflection } from '../../generated/grpc/reflection/v1/ServerReflection.ts';
import type { DeviceService } from '../../generated/opi_api/lifecycle/v1alpha1/DeviceService.ts';
import type { HeartbeatService } from '../../generated/opi_api/lifecycle/v1alpha1/HeartbeatService.ts';
import type { LifeCycleService } from '../../generated/opi_api/lifecycle/v1alpha1/LifeCycleService.ts';
import type { BridgePortService } from '../../generated/opi_api/network/evpn_gw/v1alpha1/BridgePortService.ts';
import type { LogicalBridgeService } from '../../generated/opi_api/network/evpn_gw/v1alpha1/LogicalBridgeService.ts';
import { protos } from '../../generated/protos.ts';
import type { DpuNetworkConfigService } from '../../generated/Vendor/DpuNetworkConfigService.ts';
import type { NetworkFunctionService } from '../../generated/Vendor/NetworkFunctionService.ts';
import { grpcService } from './grpc-service.ts';

export type { Method } from './method.ts';

const conversion: protobuf.IConversionOptions = { longs: String, enums: String, defaults: true, oneofs: true };

const root = protobuf.Root.fromJSON(protos()).resolveAll();

function service<Definition>(fullName: string): Definition {
  // The generated types and protos.json come from the same files.
  return grpcService(root, fullName, conversion) as Definition;
}

/** Init. */
export const lifeCycleService = service<LifeCycleService>('opi_api.lifecycle.v1alpha1.LifeCycleService');
/** The devices, and how many there are to be. */
export const deviceService = service<DeviceService>('opi_api.lifecycle.v1alpha1.DeviceService');
/** Ping. */
export const heartbeatService = service<HeartbeatService>('opi_api.lifecycle.v1alpha1.HeartbeatService');

/** Init, by the name that older images serve it under. */
export const vendorLifeCycleService = service<LifeCycleService>('Vendor.LifeCycleService');
/** The devices, by the name of older images. Vendor.Empty and google.protobuf.Empty are one on the wire and in TypeScript. */
export const vendorDeviceService = service<DeviceService>('Vendor.DeviceService');
/** Ping, by the name of older images. */
export const vendorHeartbeatService = service<HeartbeatService>('Vendor.HeartbeatService');
/** Single network functions (the capability `networkFunctions`). */
export const networkFunctionService = service<NetworkFunctionService>('Vendor.NetworkFunctionService');
/** Accelerated networks (the capability `networkConfig`). */
export const networkConfigService = service<DpuNetworkConfigService>('Vendor.DpuNetworkConfigService');

const evpn = 'opi_api.network.evpn_gw.v1alpha1';
/** Bridge ports: with the capability `bridge`, and between the daemons of host and DPU. */
export const bridgePortService = service<BridgePortService>(`${evpn}.BridgePortService`);
/** Logical bridges (the capability `bridge`). */
export const logicalBridgeService = service<LogicalBridgeService>(`${evpn}.LogicalBridgeService`);

/** Tells of the devices whenever they change (the capability `deviceWatch`). */
export const deviceWatchService = service<DeviceWatchService>('dpu_operator.v1.DeviceWatchService');
/** What a pod gets with its devices (the capability `deviceAllocation`). */
export const deviceAllocationService = service<DeviceAllocationService>('dpu_operator.v1.DeviceAllocationService');
/** Name, version, contract and features of the plugin. */
export const pluginInfoService = service<PluginInfoService>('dpu_operator.v1.PluginInfoService');
/** Tells that all wanted state has been told again. */
export const replayService = service<ReplayService>('dpu_operator.v1.ReplayService');
/** What the plugin says of its card. */
export const statusService = service<StatusService>('dpu_operator.v1.StatusService');
/** Chains of network functions (the capability `chains`). */
export const serviceChainService = service<ServiceChainService>('dpu_operator.v1.ServiceChainService');

/** Virtual functions of cards with several physical ones, and how their number can change. */
export const virtualFunctionService = service<VirtualFunctionService>('dpu_operator.v1.VirtualFunctionService');

/** Health of gRPC servers, as Kubernetes and grpc-health-probe ask for it. */
export const healthService = service<Health>('grpc.health.v1.Health');
/** Reflection, by which grpcurl knows the services. */
export const reflectionService = service<ServerReflection>('grpc.reflection.v1.ServerReflection');
/** Reflection under its older name, with the same messages; grpcurl before 1.8.8 knows only this one. */
export const reflectionAlphaService = service<ServerReflection>('grpc.reflection.v1alpha.ServerReflection');
