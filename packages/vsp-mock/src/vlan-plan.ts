/**
 * Which ports the bridge has and which VLANs they carry. Pure: the whole picture in, the whole configuration out, so
 * that a change is one transaction.
 *
 * While nothing stands between them, host ports and uplink are one segment. With network functions there are two: host
 * ports and inputs are the inside, outputs and uplink the outside, and only functions lead from one to the other. In a
 * chain the first function's input is inside and the last one's output outside; each output between and the input after
 * it are a segment of their own, a hop. Outside and hops are transparent: their frames, with or without a tag, travel
 * within a service VLAN (IEEE 802.1ad) that no logical bridge uses.
 *
 * Functions and chains stand side by side. What leaves one does not enter another, so several may bridge and are no
 * loop; a broadcast passes each of them.
 */
import type { BridgePort } from '@dpu-operator/sdk';
import type { PortPlan } from './port-plan.ts';
import { assignServiceVlans } from './service-vlans.ts';

export interface HostPort {
  device: string;
  type: BridgePort['type'];
  /** Those of its logical bridges; none: the default bridge. */
  vlans: readonly number[];
}

/** Device names. */
export interface FunctionPorts {
  input: string;
  output: string;
}

export interface SwitchState {
  hostPorts: readonly HostPort[];
  /** Of all logical bridges. */
  vlans: readonly number[];
  /** Each in the order in which frames from the hosts pass its functions. A single function is a chain of one. */
  chains: readonly (readonly FunctionPorts[])[];
  uplink?: string | undefined;
  /** Keeps inside and outside apart although no function leads from one to the other. */
  closed: boolean;
}

/** The VLAN of untagged frames: the default bridge. */
const DEFAULT_VLAN = 0;

/**
 * @param before what was planned last: a segment keeps its service VLAN, so that a change does not interrupt the others
 * @throws DpuError RESOURCE_EXHAUSTED when too few VLANs are left for the outside and the hops
 */
export function planPorts(state: SwitchState, before: readonly PortPlan[] = []): PortPlan[] {
  const { chains, uplink } = state;
  const allVlans = [DEFAULT_VLAN, ...state.vlans].sort((a, b) => a - b);
  const inside = (device: string): PortPlan => {
    return { device, mode: 'native-untagged', tag: DEFAULT_VLAN, trunks: allVlans };
  };
  const plans = state.hostPorts.map(planHostPort);
  if (chains.length === 0 && !state.closed) return uplink === undefined ? plans : [...plans, inside(uplink)];

  const hops = chains.flatMap((chain) => chain.slice(1).map(({ input }, index) => [chain[index]?.output ?? '', input]));
  const outputs = chains.flatMap((chain) => chain.at(-1)?.output ?? []);
  const outside = uplink === undefined ? outputs : [uplink, ...outputs];
  const [outsideVlan, ...hopVlans] = assignServiceVlans([outside, ...hops], allVlans, before);
  const tunnel = (device: string, tag: number | undefined): PortPlan => {
    return { device, mode: 'dot1q-tunnel', ...(tag !== undefined && { tag }), trunks: [] };
  };
  for (const [first] of chains) if (first) plans.push({ ...inside(first.input), protected: true });
  for (const [index, hop] of hops.entries()) plans.push(...hop.map((device) => tunnel(device, hopVlans[index])));
  for (const output of outputs) plans.push({ ...tunnel(output, outsideVlan), protected: true });
  if (uplink !== undefined) plans.push(tunnel(uplink, outsideVlan));
  return plans;
}

function planHostPort({ device, type, vlans }: HostPort): PortPlan {
  if (type === 'ACCESS') return { device, mode: 'access', tag: vlans[0] ?? DEFAULT_VLAN, trunks: [] };
  // A trunk without any native VLAN drops untagged frames; one on the default bridge must not.
  if (vlans.length === 0) return { device, mode: 'native-untagged', tag: DEFAULT_VLAN, trunks: [DEFAULT_VLAN] };
  return { device, mode: 'trunk', trunks: vlans.toSorted((a, b) => a - b) };
}
