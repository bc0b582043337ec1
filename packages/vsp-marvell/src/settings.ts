/** What a user can set. Types, limits and defaults are the JSON schema's in package.json: the plugin host checks them. */
import { DpuError } from '@dpu-operator/sdk';

export interface Settings {
  /** Without it: 8, or all that a smaller card can have. */
  vfs?: number;
  netdevTimeoutSeconds: number;
  physicalFunctions: number;
  networkFunctionPorts: number;
  /** Without it: the first port of the card. */
  uplink?: string;
  hostToHost: 'direct' | 'function';
  /** Without it, the plugin runs a switch of its own. */
  ovsDatabase?: string;
  dpdk: boolean;
  daemonPort: number;
}

/** What no schema says. @throws DpuError INVALID_ARGUMENT naming the setting */
export function checkSettings({ dpdk, ovsDatabase }: Settings): void {
  if (!dpdk || ovsDatabase !== undefined) return;
  const why = "needs settings.ovsDatabase: the plugin's own Open vSwitch has no DPDK";
  throw new DpuError('INVALID_ARGUMENT', `settings.dpdk: ${why}; name the socket of the DPU's`);
}
