/** What the daemon uses: the client of VSPs, and the definitions to serve bridge ports and heartbeats itself. */
export { bridgePortFromWire, bridgePortToWire } from '../wire/bridges.ts';
export {
  bridgePortService as bridgePortServiceDefinition,
  heartbeatService as heartbeatServiceDefinition,
  type Method,
  vendorHeartbeatService as vendorHeartbeatServiceDefinition,
} from '../wire/definitions.ts';
export { bareId, type Collection, resourceId, resourceName } from '../wire/names.ts';
export { toServiceError } from '../wire/service-error.ts';
export { type Around, addUnaryService, type UnaryHandlers } from '../wire/unary.ts';
export { VspClient, type VspClientOptions } from './vsp-client.ts';
