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
 * Chains for one VLAN alone lie beside that. A second bridge, the outer one, then stands before the uplink, and is joined
 * with the first for all other VLANs: frames of that one pass from the one bridge to the other by its chains only.
 *
 * ```
 *  hosts ─┬─ inner bridge ─┬─── patch: other VLANs ────┬─ outer bridge ── uplink
 *         │                └─ chain of VLAN 20 ────────┘
 * ```
 *
 * Functions and chains stand side by side. What leaves one does not enter another, so several may bridge and are no
 * loop; a broadcast passes each of them.
 */
import type { BridgePort } from '@dpu-operator/sdk';
import { PATCH } from '../names.ts';
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
  /** Chains for the frames of one VLAN. They see these without a tag. */
  vlanChains: readonly { vlan: number; functions: readonly FunctionPorts[] }[];
  uplink?: string | undefined;
  /** Keeps inside and outside apart although no function leads from one to the other. */
  closed: boolean;
  /** VLANs of which nothing passes but through their own chains. */
  closedVlans: readonly number[];
}

/** The VLAN of untagged frames: the default bridge. */
const DEFAULT_VLAN = 0;
const VLANS = 4096;

/**
 * @param before what was planned last: a segment keeps its service VLAN, so that a change does not interrupt the others
 * @throws DpuError RESOURCE_EXHAUSTED when too few VLANs are left for the outside and the hops
 */
export function planPorts(state: SwitchState, before: readonly PortPlan[] = []): PortPlan[] {
  const { chains, vlanChains, uplink } = state;
  const used = [DEFAULT_VLAN, ...state.vlans].sort((a, b) => a - b);
  const own = new Set([...vlanChains.map(({ vlan }) => vlan), ...state.closedVlans]);
  const shared = used.filter((vlan) => !own.has(vlan));
  const inside = (device: string): PortPlan => {
    return { device, mode: 'native-untagged', tag: DEFAULT_VLAN, trunks: shared };
  };
  const wayOut = uplink !== undefined && own.size > 0 ? PATCH.inner : uplink;
  const isOpen = chains.length === 0 && !state.closed;
  const hops = [...chains, ...vlanChains.map(({ functions }) => functions)].flatMap((chain) =>
    chain.slice(1).map(({ input }, index) => [chain[index]?.output ?? '', input]),
  );
  const outputs = chains.flatMap((chain) => chain.at(-1)?.output ?? []);
  const outside = wayOut === undefined ? outputs : [wayOut, ...outputs];
  const serviceVlans = assignServiceVlans(isOpen ? hops : [outside, ...hops], used, before);
  const outsideVlan = isOpen ? undefined : serviceVlans.shift();
  const tunnel = (device: string, tag: number | undefined): PortPlan => {
    return { device, mode: 'dot1q-tunnel', ...(tag !== undefined && { tag }), trunks: [] };
  };
  const plans = state.hostPorts.map(planHostPort);
  for (const [first] of chains) if (first) plans.push({ ...inside(first.input), protected: true });
  for (const [index, hop] of hops.entries()) plans.push(...hop.map((device) => tunnel(device, serviceVlans[index])));
  for (const output of outputs) plans.push({ ...tunnel(output, outsideVlan), protected: true });
  if (wayOut !== undefined) plans.push(isOpen ? inside(wayOut) : tunnel(wayOut, outsideVlan));
  return own.size === 0 ? plans : [...joined(plans), ...planOuter(state, own)];
}

const joined = (plans: readonly PortPlan[]): PortPlan[] =>
  plans.map((plan) => (plan.device === PATCH.inner ? { ...plan, peer: PATCH.outer } : plan));

/** The outer bridge, and what of the VLANs' own chains is on the inner one. */
function planOuter({ vlanChains, uplink }: SwitchState, own: ReadonlySet<number>): PortPlan[] {
  const ends = vlanChains.flatMap(({ vlan, functions }): PortPlan[] => {
    const [first, last] = [functions[0], functions.at(-1)];
    if (!first || !last) return [];
    const end = { mode: 'access', tag: vlan, trunks: [], protected: true } as const;
    return [
      { ...end, device: first.input },
      { ...end, device: last.output, outer: true },
    ];
  });
  if (uplink === undefined) return ends;
  const untagged = { mode: 'native-untagged', tag: DEFAULT_VLAN, outer: true } as const;
  const others = Array.from({ length: VLANS }, (_, vlan) => vlan).filter((vlan) => !own.has(vlan));
  return [
    ...ends,
    { ...untagged, device: PATCH.outer, peer: PATCH.inner, trunks: others },
    { ...untagged, device: uplink, trunks: [] },
  ];
}

function planHostPort({ device, type, vlans }: HostPort): PortPlan {
  if (type === 'ACCESS') return { device, mode: 'access', tag: vlans[0] ?? DEFAULT_VLAN, trunks: [] };
  // A trunk without any native VLAN drops untagged frames; one on the default bridge must not.
  if (vlans.length === 0) return { device, mode: 'native-untagged', tag: DEFAULT_VLAN, trunks: [DEFAULT_VLAN] };
  return { device, mode: 'trunk', trunks: vlans.toSorted((a, b) => a - b) };
}
