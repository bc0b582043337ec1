/** gRPC services as a whole: their names, and which come with a capability. */
import type { Capability } from '../../contract/contract.ts';
import {
  bridgePortService,
  deviceAllocationService,
  deviceWatchService,
  logicalBridgeService,
  networkConfigService,
  networkFunctionService,
  serviceChainService,
} from './definitions.ts';

export const servicesOf = {
  bridge: [bridgePortService, logicalBridgeService],
  networkFunctions: [networkFunctionService],
  chains: [serviceChainService],
  networkConfig: [networkConfigService],
  deviceWatch: [deviceWatchService],
  deviceAllocation: [deviceAllocationService],
} as const satisfies Record<Capability, readonly object[]>;

/** Full name of a service, `acme.card.v1.Counters`; empty for one without methods. */
export function serviceName(definition: Readonly<Record<string, { path: string }>>): string {
  return Object.values(definition)[0]?.path.split('/')[1] ?? '';
}
