/** What the host announces of a plugin, beside the capabilities that older daemons read. */
import type { Capability, Feature, Plugin } from '../../contract/contract.ts';
import { featureOfLimit } from '../../contract/features.ts';
import { serviceName } from '../../wire/grpc/services.ts';
import { capabilitiesOf } from './capabilities.ts';

const names: Readonly<Record<Capability, string>> = {
  bridge: 'opi.bridge',
  networkFunctions: 'dpu.networkFunctions',
  chains: 'dpu.chains',
  networkConfig: 'dpu.networkConfig',
  deviceWatch: 'dpu.deviceWatch',
  deviceAllocation: 'dpu.deviceAllocation',
};

/** What every plugin has by its host. */
const ofHost = ['dpu.devices', 'dpu.replay', 'dpu.status'];

export function featuresOf(plugin: Plugin): Feature[] {
  const own = (plugin.services ?? []).map(({ definition }) => serviceName(definition));
  return [...ofHost, ...capabilitiesOf(plugin).map((capability) => names[capability]), ...own].map((name) => ({
    name,
    version: 1,
    limits: limitsFor(name, plugin),
  }));
}

function limitsFor(name: string, { limits = {} }: Plugin): Feature['limits'] {
  const own = Object.entries(limits).filter(
    ([limit, value]) => value !== undefined && featureOfLimit[limit as keyof typeof featureOfLimit] === name,
  );
  return Object.fromEntries(own);
}
