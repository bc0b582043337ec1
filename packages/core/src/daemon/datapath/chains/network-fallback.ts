/** Bridge ports of DpuNetworks where nobody serves logical bridges: images for the Go operator. Pure. */
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import { parseLogicalBridge, placeholderBridge } from '../../../api/index.ts';

/**
 * The port as a host without networks asks for it: on the default bridge, where a network without a VLAN in its spec works
 * as under the Go operator.
 *
 * @param who serves no logical bridges, for the error
 * @throws DpuError FAILED_PRECONDITION where somebody asked for the VLAN: the network would not be kept apart
 */
export function withoutNetwork(port: BridgePort, who: string): BridgePort {
  const bridges = port.logicalBridges.map((name) => parseLogicalBridge(name));
  if (bridges.every((bridge) => bridge === undefined)) return port;
  const asked = bridges.find((bridge) => bridge?.asked);
  if (asked) {
    const hint = 'set spec.vlan of the DpuNetwork to 0, which keeps nothing apart, or use a plugin that serves them';
    const why = `${who} serves no logical bridges, so VLAN ${asked.vlanId} cannot be kept apart`;
    throw new DpuError('FAILED_PRECONDITION', `bridge port ${port.name}: ${why}: ${hint}`);
  }
  const [, vf = '0'] = /host\d+-(\d+)/.exec(port.name) ?? [];
  return { ...port, logicalBridges: [placeholderBridge(Number(vf))] };
}
