/** The client of VSPs that the daemon and the conformance suite use, and what it takes to call any method of the wire. */
export { limitsOf } from '../contract/features.ts';
export {
  bridgePortService as bridgePortServiceDefinition,
  deviceService as deviceServiceDefinition,
  deviceWatchService as deviceWatchServiceDefinition,
  healthService as healthServiceDefinition,
  heartbeatService as heartbeatServiceDefinition,
  lifeCycleService as lifeCycleServiceDefinition,
  logicalBridgeService as logicalBridgeServiceDefinition,
  type Method,
  networkConfigService as networkConfigServiceDefinition,
  networkFunctionService as networkFunctionServiceDefinition,
  pluginInfoService as pluginInfoServiceDefinition,
  reflectionAlphaService as reflectionAlphaServiceDefinition,
  reflectionService as reflectionServiceDefinition,
  serviceChainService as serviceChainServiceDefinition,
  statusService as statusServiceDefinition,
  vendorDeviceService as vendorDeviceServiceDefinition,
  vendorHeartbeatService as vendorHeartbeatServiceDefinition,
  vendorLifeCycleService as vendorLifeCycleServiceDefinition,
} from '../wire/grpc/definitions.ts';
export { bridgePortFromWire, bridgePortToWire } from '../wire/mapping/bridges.ts';
export { bytesMethod } from './bytes-method.ts';
export {
  Connection,
  type ConnectionCredentials,
  type Endpoint,
  type MessageStream,
  type TextMetadata,
} from './connection.ts';
export { type ObservedCall, observeCalls } from './observe.ts';
export type { ProgressCallbacks } from './progress-watch.ts';
export { type PingOptions, type UpdateOptions, VspClient, type VspClientOptions } from './vsp-client.ts';
