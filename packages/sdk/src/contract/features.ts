/** What a VSP announces: an open set of names, each with a version and limits. */
import type { Feature, Limits } from './contract.ts';

/** Which feature a limit belongs to. */
export const featureOfLimit = {
  maxVfs: 'dpu.devices',
  maxBridgePorts: 'opi.bridge',
  maxLogicalBridges: 'opi.bridge',
  trunk: 'opi.bridge',
  vxlan: 'opi.bridge',
  maxNetworkFunctions: 'dpu.networkFunctions',
  perBridge: 'dpu.networkFunctions',
  maxChains: 'dpu.chains',
  changeSeconds: 'dpu.devices',
} as const satisfies Record<keyof Limits, string>;

const numbers = [
  'maxVfs',
  'maxBridgePorts',
  'maxLogicalBridges',
  'maxNetworkFunctions',
  'maxChains',
  'changeSeconds',
] as const;

/** The limits that are known here, of version 1 of their features. Those that are no such limit are left out. */
export function limitsOf(features: readonly Feature[]): Limits {
  const limits: Limits = {};
  const value = (limit: keyof Limits) =>
    features.find(({ name, version }) => name === featureOfLimit[limit] && version === 1)?.limits[limit];
  for (const limit of numbers) {
    const most = value(limit);
    if (typeof most === 'number') limits[limit] = most;
  }
  for (const limit of ['trunk', 'vxlan', 'perBridge'] as const) {
    const can = value(limit);
    if (typeof can === 'boolean') limits[limit] = can;
  }
  return limits;
}
