/** Which devices of which DPU belong to which DpuNetwork. Pure. */
import type { DataProcessingUnit, NetworkWish } from '../../api/data-processing-unit.ts';
import { type DpuNetwork, vfIdKey } from '../../api/dpu-network.ts';
import { logicalBridgeOf } from '../../api/logical-bridge.ts';
import { acceleratedNetwork, longestNetworkName } from '../../api/names.ts';
import { parseVfRanges, vfRangesText } from '../../api/vf-ranges.ts';
import { isBeingDeleted } from '../../kube/index.ts';
import { olderFirst } from '../../kube/resource.ts';
import { selects } from '../dpu/selection/label-selector.ts';
import { assignVlans } from './vlans.ts';

export interface Fault {
  reason: 'NameInvalid' | 'VfIdInvalid' | 'NoVfs' | 'VlanTaken';
  message: string;
}

/** Virtual functions of a DPU that an older network has. */
export interface Overlap {
  dpu: string;
  vfs: string;
  by: string;
}

export interface PlannedNetwork {
  network: DpuNetwork;
  vfs: number[];
  /** What the operator chose; undefined where the spec names one, or there is none. */
  vlanId: number | undefined;
  /** Why it has no devices anywhere. */
  fault: Fault | undefined;
  /** Names of the DataProcessingUnits that have devices of it. */
  dpus: string[];
  overlaps: Overlap[];
}

export interface NetworksPlan {
  networks: Map<string, PlannedNetwork>;
  /** By DPU: what is to stand in its spec. */
  wishes: Map<string, NetworkWish[]>;
}

/** @param labelsOf of a node; undefined where it is not there */
export function planNetworks(
  all: readonly DpuNetwork[],
  dpus: readonly DataProcessingUnit[],
  labelsOf: (nodeName: string) => Record<string, string> | undefined,
): NetworksPlan {
  const networks = [...all].sort(olderFirst);
  const vlans = assignVlans(networks);
  const staying = networks.filter((network) => !isBeingDeleted(network));
  const planned = staying.map((network): PlannedNetwork => {
    const vlan = vlans.get(network.metadata.name) ?? { none: true };
    const parsed = parseVfRanges(vfIdsOf(network));
    return {
      network,
      vfs: 'vfs' in parsed ? parsed.vfs : [],
      vlanId: 'vlan' in vlan && vlan.chosen ? vlan.vlan : undefined,
      fault: nameFault(network) ?? vfFault(parsed) ?? vlanFault(network, vlan),
      dpus: [],
      overlaps: [],
    };
  });
  // Once each: a fleet has thousands of DPUs.
  const bridges = new Map(
    [...vlans].map(([name, vlan]) => [name, 'vlan' in vlan ? logicalBridgeOf(name, vlan) : undefined]),
  );
  const wishes = new Map<string, NetworkWish[]>();
  for (const dpu of dpus) {
    const mine = planned.filter((one) => !one.fault && isOn(one.network, dpu, labelsOf(dpu.spec.nodeName)));
    wishes.set(dpu.metadata.name, wishesOf(dpu, mine, bridges));
  }
  return { networks: new Map(planned.map((one) => [one.network.metadata.name, one])), wishes };
}

/** The first has a virtual function that two want. */
function wishesOf(
  dpu: DataProcessingUnit,
  planned: readonly PlannedNetwork[],
  bridges: ReadonlyMap<string, string | undefined>,
): NetworkWish[] {
  const holders = new Map<number, string>();
  return planned.flatMap((one) => {
    const { name } = one.network.metadata;
    const taken = Map.groupBy(
      one.vfs.filter((vf) => holders.has(vf)),
      (vf) => holders.get(vf) ?? '',
    );
    for (const [by, vfs] of taken) one.overlaps.push({ dpu: dpu.metadata.name, vfs: vfRangesText(vfs), by });
    const free = one.vfs.filter((vf) => !holders.has(vf));
    for (const vf of free) holders.set(vf, name);
    if (free.length === 0) return [];
    one.dpus.push(dpu.metadata.name);
    const logicalBridge = bridges.get(name);
    return {
      name,
      vfs: vfRangesText(free),
      ...(logicalBridge !== undefined && { logicalBridge }),
      ...(one.network.spec.isAccelerated && { accelerated: true }),
    };
  });
}

/** On the DPU side only network functions get devices, hence only networks that have some. */
function isOn({ spec }: DpuNetwork, dpu: DataProcessingUnit, nodeLabels: Record<string, string> | undefined): boolean {
  if (isBeingDeleted(dpu) || (dpu.spec.isDpuSide && !spec.isAccelerated)) return false;
  const { matchLabels, matchExpressions = [] } = spec.dpuSelector ?? {};
  const byLabels = { matchLabels, matchExpressions: matchExpressions.filter(({ key }) => key !== vfIdKey) };
  return nodeLabels !== undefined && selects(spec.nodeSelector, nodeLabels) && selects(byLabels, dpu.metadata.labels);
}

function vfIdsOf({ spec }: DpuNetwork): string[] {
  const named = (spec.dpuSelector?.matchExpressions ?? []).filter(({ key }) => key === vfIdKey);
  return named.flatMap(({ values = [] }) => values);
}

function nameFault({ metadata: { name } }: DpuNetwork): Fault | undefined {
  const isTooLong = name.length > longestNetworkName;
  if (!isTooLong && name !== acceleratedNetwork) return undefined;
  const why = isTooLong
    ? `it has ${name.length} characters, and ${longestNetworkName} fit into the name of its resource`
    : `${name}-nad is the network of accelerated functions`;
  return { reason: 'NameInvalid', message: `metadata.name: ${why}; make the network anew under another name` };
}

function vfFault(parsed: ReturnType<typeof parseVfRanges>): Fault | undefined {
  if ('fault' in parsed) return { reason: 'VfIdInvalid', message: `spec.dpuSelector: ${vfIdKey}: ${parsed.fault}` };
  if (parsed.vfs.length > 0) return undefined;
  const message = `spec.dpuSelector names no virtual functions: add {key: ${vfIdKey}, operator: In, values: ["0-2"]} to matchExpressions`;
  return { reason: 'NoVfs', message };
}

function vlanFault({ spec }: DpuNetwork, vlan: object): Fault | undefined {
  if ('vlan' in vlan) return undefined;
  if ('takenBy' in vlan) {
    const message = `spec.vlan: the operator has given ${spec.vlan} to DpuNetwork ${vlan.takenBy}: choose another, or set spec.vlan there`;
    return { reason: 'VlanTaken', message };
  }
  return { reason: 'VlanTaken', message: 'all VLANs have networks: set spec.vlan to one that it shares' };
}
