/**
 * Which ports a bridge has and what they carry. Pure: the whole picture in, the whole configuration out.
 *
 * While nothing stands between them, host ports and uplink are left to the bridge itself: it learns MACs, floods, and
 * keeps VLANs apart by the ports' tags. Where functions stand between them, flows decide alone (bridge-flows.ts): for all
 * VLANs, or for one that has chains of its own.
 */
import type { BridgePort } from '../../contract/data-path.ts';

/** The port of a host's virtual function. */
export interface HostPort {
  /** Name of the bridge's port. */
  device: string;
  /** Lower-case; of the pod's interface. */
  mac: string;
  type: BridgePort['type'];
  /** Those of its logical bridges; none: the default bridge. */
  vlans: readonly number[];
}

/** Names of the bridge's ports that lead to a network function. */
export interface FunctionPorts {
  input: string;
  output: string;
}

/** What a bridge is to be: who is on it, and what stands between hosts and uplink. */
export interface BridgeState {
  hostPorts: readonly HostPort[];
  /** Each in the order in which frames from the hosts pass its functions. A single function is a chain of one. */
  chains: readonly (readonly FunctionPorts[])[];
  /** Chains for the frames of one VLAN, which pass no others. They see these without a tag. Default: none */
  vlanChains?: readonly { vlan: number; functions: readonly FunctionPorts[] }[];
  uplink?: string | undefined;
  /** Keeps hosts and uplink apart although no function leads from one to the other. */
  closed: boolean;
  /** The same for VLANs that had chains of their own. Default: none */
  closedVlans?: readonly number[];
  /** How hosts reach each other where there are functions: past them, or by the first input and back. */
  hostToHost: 'direct' | 'function';
}

/** Port settings in the terms of Open vSwitch (ovs-vswitchd.conf.db(5), table Port). */
export interface PortPlan {
  device: string;
  mode: 'access' | 'trunk' | 'native-untagged';
  tag?: number;
  /** Empty: those of `mode`; all for `native-untagged`. */
  trunks: readonly number[];
  /** No frame passes from one protected port to another. */
  protected: boolean;
}

/** The VLAN of untagged frames: the default bridge. */
export const DEFAULT_VLAN = 0;
/** IEEE 802.1Q reserves it: a port of this VLAN alone has no part in what the bridge does without flows. */
const NO_VLAN = 4095;

/** Whether the bridge is left to itself, but for VLANs of their own. */
export const isOpen = ({ chains, closed }: BridgeState): boolean => chains.length === 0 && !closed;
/** VLANs whose frames pass their own chains alone. */
export const ownVlans = ({ vlanChains = [], closedVlans = [] }: BridgeState): Set<number> =>
  new Set([...vlanChains.map(({ vlan }) => vlan), ...closedVlans]);
export const vlansOf = ({ vlans }: HostPort): readonly number[] => (vlans.length === 0 ? [DEFAULT_VLAN] : vlans);

/** The settings of each port of a bridge. */
export function planPorts(state: BridgeState): PortPlan[] {
  const { hostPorts, chains, vlanChains = [], uplink, hostToHost } = state;
  const own = ownVlans(state);
  const isolated = (device: string): PortPlan => ({ device, mode: 'trunk', trunks: [NO_VLAN], protected: false });
  // Before its flows are there, a port of a host is in the hands of the bridge.
  const keptApart = (port: HostPort) =>
    hostToHost === 'function' && (!isOpen(state) || vlansOf(port).every((vlan) => own.has(vlan)));
  const plans = hostPorts.map((port) => ({ ...planHostPort(port), protected: keptApart(port) }));
  for (const { input, output } of [...chains, ...vlanChains.map(({ functions }) => functions)].flat()) {
    plans.push(isolated(input), isolated(output));
  }
  if (uplink !== undefined) plans.push(isOpen(state) ? planUplink(uplink, state, own) : isolated(uplink));
  return plans;
}

/** Frames of a VLAN of its own do not leave by it before the flows are there, either. */
function planUplink(device: string, { hostPorts }: BridgeState, own: ReadonlySet<number>): PortPlan {
  const others = new Set([DEFAULT_VLAN, ...hostPorts.flatMap(vlansOf).filter((vlan) => !own.has(vlan))]);
  const trunks = own.size === 0 ? [] : [...others].sort((a, b) => a - b);
  return { device, mode: 'native-untagged', tag: DEFAULT_VLAN, trunks, protected: false };
}

function planHostPort({ device, type, vlans }: HostPort): Omit<PortPlan, 'protected'> {
  if (type === 'ACCESS') return { device, mode: 'access', tag: vlans[0] ?? DEFAULT_VLAN, trunks: [] };
  // A trunk without any native VLAN drops untagged frames; one on the default bridge must not.
  if (vlans.length === 0) return { device, mode: 'native-untagged', tag: DEFAULT_VLAN, trunks: [DEFAULT_VLAN] };
  return { device, mode: 'trunk', trunks: vlans.toSorted((a, b) => a - b) };
}
