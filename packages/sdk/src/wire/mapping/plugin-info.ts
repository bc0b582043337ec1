/** A plugin's identity and capabilities: wire <-> contract. */
import type { Capability, Feature, PluginInfo } from '../../contract/contract.ts';
import type { Limit } from '../../generated/dpu_operator/v1/Limit.ts';
import type { PluginInfo__Output, PluginInfo as WirePluginInfo } from '../../generated/dpu_operator/v1/PluginInfo.ts';

const wireNames = {
  bridge: 'CAPABILITY_BRIDGE',
  networkFunctions: 'CAPABILITY_NETWORK_FUNCTIONS',
  chains: 'CAPABILITY_SERVICE_CHAINS',
  networkConfig: 'CAPABILITY_NETWORK_CONFIG',
  deviceWatch: 'CAPABILITY_DEVICE_WATCH',
  deviceAllocation: 'CAPABILITY_DEVICE_ALLOCATION',
} as const satisfies Record<Capability, string>;

/** All there are, in the order in which they are announced. */
export const capabilities = Object.keys(wireNames) as Capability[];

export function pluginInfoToWire(info: PluginInfo): WirePluginInfo {
  return {
    ...info,
    capabilities: info.capabilities.map((name) => wireNames[name]),
    features: info.features.map((feature) => ({ ...feature, limits: mapValues(feature.limits, limitToWire) })),
  };
}

/** Capabilities of a newer contract, which mean nothing here, are left out. */
export function pluginInfoFromWire(info: PluginInfo__Output): PluginInfo {
  const { packageName, packageVersion, contractVersion } = info;
  const announced = new Set<string>(info.capabilities);
  return {
    packageName,
    packageVersion,
    contractVersion,
    capabilities: capabilities.filter((name) => announced.has(wireNames[name])),
    features: info.features.map(({ name, version, limits }) => ({
      name,
      version,
      limits: mapValues(limits, ({ number, flag, text }) => number ?? flag ?? text ?? ''),
    })),
  };
}

function limitToWire(value: Feature['limits'][string]): Limit {
  if (typeof value === 'number') return { number: value };
  return typeof value === 'boolean' ? { flag: value } : { text: value };
}

function mapValues<From, To>(map: Readonly<Record<string, From>>, to: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, to(value)]));
}
