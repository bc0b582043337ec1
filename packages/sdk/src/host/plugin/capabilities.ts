/** What a plugin serves: from what it has, to capabilities. */
import type { Capability, Plugin } from '../../contract/contract.ts';
import { capabilities } from '../../wire/mapping/plugin-info.ts';

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
