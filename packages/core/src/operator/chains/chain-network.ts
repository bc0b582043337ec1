/** Which logical bridge a chain works for. Pure. */
import { findCondition } from '../../api/fields/conditions.ts';
import { logicalBridgeOf } from '../../api/fields/logical-bridge.ts';
import type { DpuNetwork } from '../../api/kinds/dpu-network.ts';
import type { ChainStatus, ServiceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { isBeingDeleted } from '../../kube/index.ts';
import type { Fault } from '../networks/plan.ts';
import type { ChainCondition } from './condition.ts';

export interface ChainNetwork {
  /** What the status says of it. undefined: it is not known yet, and nothing of the chain changes until it is. */
  on?: Pick<ChainStatus, 'network' | 'logicalBridge'>;
  /** What is wrong with its network, also where the chain stays on the bridge that it had. */
  fault?: ChainCondition;
}

/** A network that has gone, or lost its VLAN, takes no bridge from a chain that has it. */
export function chainNetwork(
  { spec, status }: ServiceFunctionChain,
  networkOf: (name: string) => DpuNetwork | undefined,
): ChainNetwork {
  const { network: name } = spec;
  if (name === undefined) return { on: {} };
  const network = networkOf(name);
  const vlan = network
    ? vlanOf(network)
    : { fault: `DpuNetwork ${name} is not there: make it, or leave out spec.network` };
  if ('fault' in vlan) {
    const fault: ChainCondition = { status: 'False', reason: 'NetworkMissing', message: vlan.fault, failing: true };
    return status?.network === name ? { on: bridgeIn(status), fault } : { fault };
  }
  if ('pending' in vlan) {
    if (status?.network === name) return { on: bridgeIn(status) };
    return { fault: { status: 'False', reason: 'Pending', message: vlan.pending } };
  }
  return { on: bridgeIn({ network: name, logicalBridge: logicalBridgeOf(name, vlan) }) };
}

/** What of a DpuNetwork decides which bridge its chains are on. */
export function bridgeFacts(network: DpuNetwork): unknown {
  const { metadata, spec } = network;
  return [metadata.uid, spec.vlan, vlanOf(network)];
}

type VlanOfNetwork = { vlan: number; chosen: boolean } | { fault: string } | { pending: string };

const reasonsWithoutVlan: readonly Fault['reason'][] = ['NameInvalid', 'VfIdInvalid', 'NoVfs', 'VlanTaken'];

/** As the controller of networks has said: it alone knows whether another network has the VLAN that is asked for. */
function vlanOf(network: DpuNetwork): VlanOfNetwork {
  const { metadata, spec, status } = network;
  const { name, generation } = metadata;
  if (isBeingDeleted(network)) return { fault: `DpuNetwork ${name} is being deleted` };
  const ready = findCondition(status?.conditions, 'Ready');
  if (!ready || ready.observedGeneration !== generation) return { pending: `DpuNetwork ${name} has no VLAN yet` };
  const vlan = spec.vlan ?? status?.vlanId;
  const isRefused = reasonsWithoutVlan.some((reason) => reason === ready.reason);
  if (vlan === undefined || isRefused) return { fault: `DpuNetwork ${name} has no VLAN: ${ready.message}` };
  return { vlan, chosen: spec.vlan === undefined };
}

/** Without a key that has no value, as the API server keeps it. */
function bridgeIn({ network, logicalBridge }: Pick<ChainStatus, 'network' | 'logicalBridge'>) {
  return logicalBridge === undefined ? { network } : { network, logicalBridge };
}
