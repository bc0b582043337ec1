/** Which devices of which DPU belong to which DpuNetwork. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { logicalBridgeOf } from '../../api/fields/logical-bridge.ts';
import { parseVfRanges, vfRangesText } from '../../api/fields/vf-ranges.ts';
import type {
  DataProcessingUnit,
  NetworkReport,
  NetworkWish,
  VspIdentity,
} from '../../api/kinds/data-processing-unit.ts';
import type { LabelSelector } from '../../api/kinds/data-processing-unit-config.ts';
import { type DpuNetwork, vfIdKey } from '../../api/kinds/dpu-network.ts';
import {
  acceleratedNetwork,
  deviceVariable,
  finalizers,
  longestNetworkName,
  networkResource,
} from '../../api/names/names.ts';
import { hasFinalizer, isBeingDeleted } from '../../kube/index.ts';
import { olderFirst } from '../../kube/objects/resource.ts';
import { selects } from '../dpu/selection/label-selector.ts';
import { NetworkTally, type Overlap } from './network-tally.ts';
import { assignVlans } from './vlans.ts';

export interface Fault {
  reason: 'NameInvalid' | 'VfIdInvalid' | 'NoVfs' | 'VlanTaken';
  message: string;
}

export interface PlannedNetwork {
  network: DpuNetwork;
  vfs: number[];
  /** Of the labels of DPUs. */
  selector: LabelSelector;
  /** What the operator chose; undefined where the spec names one, or there is none. */
  vlanId: number | undefined;
  /** Why it has no devices anywhere. */
  fault: Fault | undefined;
}

/** What DPUs get that the same networks select. */
interface Allotment {
  wishes: readonly NetworkWish[];
  /** By network. */
  overlaps: ReadonlyMap<string, readonly Overlap[]>;
}

/** Of these networks, for the DPUs that are put in. Another network, or a change of one, needs another plan. */
export class NetworksPlan {
  /** By name; without those that are being deleted. */
  readonly networks: ReadonlyMap<string, PlannedNetwork>;
  /** Names of the DPUs whose spec says something else than it is to. */
  readonly untold = new Set<string>();
  readonly #bridges: ReadonlyMap<string, string | undefined>;
  /** By the names of the networks that select them: of thousands of DPUs there are few kinds. */
  readonly #allotments = new Map<string, Allotment>();
  readonly #tallies = new Map<string, NetworkTally>();

  constructor(all: readonly DpuNetwork[]) {
    const networks = [...all].sort(olderFirst);
    const vlans = assignVlans(networks);
    const variables = ownersOfVariables(networks);
    const staying = networks.filter((network) => !isBeingDeleted(network));
    const planned = staying.map((network): PlannedNetwork => {
      const vlan = vlans.get(network.metadata.name) ?? { none: true };
      const parsed = parseVfRanges(vfIdsOf(network));
      return {
        network,
        vfs: 'vfs' in parsed ? parsed.vfs : [],
        selector: selectorOf(network),
        vlanId: 'vlan' in vlan && vlan.chosen ? vlan.vlan : undefined,
        fault: nameFault(network, variables) ?? vfFault(parsed) ?? vlanFault(network, vlan),
      };
    });
    this.networks = new Map(planned.map((one) => [one.network.metadata.name, one]));
    this.#bridges = new Map(
      [...vlans].map(([name, vlan]) => [name, 'vlan' in vlan ? logicalBridgeOf(name, vlan) : undefined]),
    );
  }

  /**
   * @param nodeLabels of its node; undefined where that is not there
   * @returns the names of the networks that it concerns, or did
   */
  put(dpu: DataProcessingUnit, nodeLabels: Record<string, string> | undefined): string[] {
    const { name } = dpu.metadata;
    const before = this.concernedBy(name);
    const { wishes, overlaps } = this.#allotmentFor(dpu, nodeLabels);
    if (isDeepStrictEqual(dpu.spec.networks ?? [], wishes)) this.untold.delete(name);
    else this.untold.add(name);
    const wished = byName(wishes);
    const said = byName(dpu.status?.networks);
    const held = new Set([...wished.keys(), ...byName(dpu.spec.networks).keys(), ...said.keys()]);
    const concerned = new Set([...held, ...overlaps.keys()]);
    const takesFunctions = dpu.spec.isDpuSide ? takesFunctionsOfOne(dpu.status?.vsp) : undefined;
    for (const network of concerned) {
      const wish = wished.get(network);
      const told = said.get(network);
      this.#tallyToChange(network).put({
        dpu: name,
        node: dpu.spec.nodeName,
        wish,
        report: told && isAnswerTo(told, wish) ? told : undefined,
        holds: held.has(network),
        overlaps: overlaps.get(network) ?? [],
        takesFunctions,
      });
    }
    for (const network of before) if (!concerned.has(network)) this.#takeOut(network, name);
    return [...new Set([...before, ...concerned])];
  }

  /** @returns the names of the networks that it concerned */
  delete(dpuName: string): string[] {
    const concerned = this.concernedBy(dpuName);
    this.untold.delete(dpuName);
    for (const network of concerned) this.#takeOut(network, dpuName);
    return concerned;
  }

  /** What is to stand in the spec of a DPU. */
  wishesFor(dpu: DataProcessingUnit, nodeLabels: Record<string, string> | undefined): readonly NetworkWish[] {
    return this.#allotmentFor(dpu, nodeLabels).wishes;
  }

  /** Of a network that some DPU has something of, whether it is still there or not. To be asked for anew after each wait. */
  tally(network: string): Readonly<NetworkTally> {
    return this.#tallies.get(network) ?? new NetworkTally();
  }

  /** Names of the networks that a DPU has something of, or is to. */
  concernedBy(dpuName: string): string[] {
    return [...this.#tallies].flatMap(([network, tally]) => (tally.has(dpuName) ? network : []));
  }

  #takeOut(network: string, dpuName: string): void {
    const tally = this.#tallies.get(network);
    tally?.delete(dpuName);
    if (tally?.isEmpty) this.#tallies.delete(network);
  }

  #tallyToChange(network: string): NetworkTally {
    const tally = this.#tallies.get(network) ?? new NetworkTally();
    this.#tallies.set(network, tally);
    return tally;
  }

  #allotmentFor(dpu: DataProcessingUnit, nodeLabels: Record<string, string> | undefined): Allotment {
    const selecting = [...this.networks.values()].filter((planned) => !planned.fault && isOn(planned, dpu, nodeLabels));
    // No name has a blank.
    const key = selecting.map(({ network }) => network.metadata.name).join(' ');
    const allotment = this.#allotments.get(key) ?? allot(selecting, this.#bridges);
    this.#allotments.set(key, allotment);
    return allotment;
  }
}

/** The first has a virtual function that two want. */
function allot(planned: readonly PlannedNetwork[], bridges: ReadonlyMap<string, string | undefined>): Allotment {
  const holders = new Map<number, string>();
  const overlaps = new Map<string, Overlap[]>();
  const wishes = planned.flatMap(({ network: { metadata, spec }, vfs }) => {
    const { name } = metadata;
    const taken = Map.groupBy(
      vfs.filter((vf) => holders.has(vf)),
      (vf) => holders.get(vf) ?? '',
    );
    if (taken.size > 0) {
      overlaps.set(
        name,
        [...taken].map(([by, some]) => ({ vfs: vfRangesText(some), by })),
      );
    }
    const free = vfs.filter((vf) => !holders.has(vf));
    for (const vf of free) holders.set(vf, name);
    if (free.length === 0) return [];
    const logicalBridge = bridges.get(name);
    return {
      name,
      vfs: vfRangesText(free),
      ...(logicalBridge !== undefined && { logicalBridge }),
      ...(spec.isAccelerated && { accelerated: true }),
    };
  });
  return { wishes, overlaps };
}

const isAnswerTo = (report: NetworkReport, wish: NetworkWish | undefined): boolean =>
  report.vfs === wish?.vfs && report.logicalBridge === wish?.logicalBridge && report.accelerated === wish?.accelerated;

/** As the plugin announces it (`perBridge` of the contract); images for the Go operator announce nothing. */
function takesFunctionsOfOne(vsp: VspIdentity | undefined): boolean | undefined {
  return vsp?.features?.some((text) => /^dpu\.networkFunctions\/1 (.* )?perBridge=true( |$)/.test(text));
}

const byName = <T extends { name: string }>(all: readonly T[] = []): ReadonlyMap<string, T> =>
  new Map(all.map((one) => [one.name, one]));

/**
 * On the DPU side only network functions get devices, hence only networks that have some. A Node object that is away is no
 * order: what was told by its labels stays.
 */
function isOn(
  { network: { metadata, spec }, selector }: PlannedNetwork,
  dpu: DataProcessingUnit,
  nodeLabels: Record<string, string> | undefined,
): boolean {
  if (isBeingDeleted(dpu) || (dpu.spec.isDpuSide && !spec.isAccelerated)) return false;
  if (!selects(selector, dpu.metadata.labels)) return false;
  if (nodeLabels) return selects(spec.nodeSelector, nodeLabels);
  return !spec.nodeSelector || (dpu.spec.networks?.some(({ name }) => name === metadata.name) ?? false);
}

function selectorOf({ spec }: DpuNetwork): LabelSelector {
  const { matchLabels = {}, matchExpressions = [] } = spec.dpuSelector ?? {};
  return { matchLabels, matchExpressions: matchExpressions.filter(({ key }) => key !== vfIdKey) };
}

function vfIdsOf({ spec }: DpuNetwork): string[] {
  const named = (spec.dpuSelector?.matchExpressions ?? []).filter(({ key }) => key === vfIdKey);
  return named.flatMap(({ values = [] }) => values);
}

const variableOf = ({ metadata: { name } }: DpuNetwork): string => deviceVariable(networkResource(name));
/** What DPUs may have been told of. */
const isHeld = (network: DpuNetwork): boolean => hasFinalizer(network, finalizers.network);

/**
 * By environment variable: the network whose devices containers find in it.
 *
 * @param networks older ones first; of those that DPUs know, and pods, none gives way
 */
function ownersOfVariables(networks: readonly DpuNetwork[]): ReadonlyMap<string, string> {
  const heldFirst = [...networks.filter(isHeld), ...networks.filter((one) => !isHeld(one))];
  return new Map(heldFirst.toReversed().map((one) => [variableOf(one), one.metadata.name]));
}

function nameFault(network: DpuNetwork, variables: ReadonlyMap<string, string>): Fault | undefined {
  const why = nameProblem(network, variables);
  if (why === undefined) return undefined;
  return { reason: 'NameInvalid', message: `metadata.name: ${why}; make the network anew under another name` };
}

function nameProblem(network: DpuNetwork, variables: ReadonlyMap<string, string>): string | undefined {
  const { name } = network.metadata;
  if (name.length > longestNetworkName) {
    return `it has ${name.length} characters, and ${longestNetworkName} fit into the name of its resource`;
  }
  if (name === acceleratedNetwork) return `${name}-nad is the network of accelerated functions`;
  const variable = variableOf(network);
  const owner = variables.get(variable);
  if (owner === name || isHeld(network)) return undefined;
  return `containers find the devices of DpuNetwork ${owner} in ${variable}, and would find those of this one there`;
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
