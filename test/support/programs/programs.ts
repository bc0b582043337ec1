/** What a VSP's image has beside the plugin, and what the integration tests themselves run. */
import { ensureDebianPackages } from '../../cluster/debian.ts';

export function installPrograms(): Promise<void> {
  const packages = ['ethtool', 'iproute2', 'iputils-ping', 'openvswitch-switch'];
  return ensureDebianPackages(console.log, 'Open vSwitch and network tools for the software DPU', packages);
}
