/** What a plugin serves: from what it has, to capabilities and gRPC services. */
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { Capability, Plugin } from '../contract.ts';
import {
  bridgePortService,
  deviceAllocationService,
  deviceWatchService,
  logicalBridgeService,
  networkConfigService,
  networkFunctionService,
  serviceChainService,
} from '../wire/definitions.ts';
import { capabilities } from '../wire/plugin-info.ts';

/** In the order in which they are announced. */
export function capabilitiesOf(plugin: Plugin): Capability[] {
  return capabilities.filter((capability) => hasCapability(plugin, capability));
}

function hasCapability(plugin: Plugin, capability: Capability): boolean {
  switch (capability) {
    case 'deviceWatch':
      return plugin.watchDevices !== undefined;
    case 'deviceAllocation':
      return plugin.allocate !== undefined;
    case 'networkConfig':
      return plugin.networkConfig !== undefined;
    default:
      return plugin.dataPath?.serves.includes(capability) ?? false;
  }
}

/** The services that come with a capability. */
export const servicesOf: Readonly<Record<Capability, readonly ServiceDefinition[]>> = {
  bridge: [bridgePortService, logicalBridgeService],
  networkFunctions: [networkFunctionService],
  chains: [serviceChainService],
  networkConfig: [networkConfigService],
  deviceWatch: [deviceWatchService],
  deviceAllocation: [deviceAllocationService],
};
