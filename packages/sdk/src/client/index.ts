/** What the daemon uses: the client of VSPs, and the definitions to serve bridge ports and heartbeats itself. */
export { bridgePortFromWire, bridgePortToWire } from '../wire/bridges.ts';
export {
  bridgePortService as bridgePortServiceDefinition,
  heartbeatService as heartbeatServiceDefinition,
  vendorHeartbeatService as vendorHeartbeatServiceDefinition,
} from '../wire/definitions.ts';
export { grpcService } from '../wire/grpc-service.ts';
export { addUnaryService } from '../wire/unary.ts';
export { VspClient, type VspClientOptions } from './vsp-client.ts';
