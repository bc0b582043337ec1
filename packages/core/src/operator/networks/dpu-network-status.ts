/** What a DpuNetwork's status says. Pure. */
import { cutText } from '@dpu-operator/sdk/cut-text';
import { type ConditionInput, setCondition } from '../../api/conditions.ts';
import type { DataProcessingUnit, NetworkReport, NetworkWish, VspIdentity } from '../../api/data-processing-unit.ts';
import type { DpuNetwork, DpuNetworkStatus } from '../../api/dpu-network.ts';
import { networkResource } from '../../api/names.ts';
import { firstTen } from '../../listed.ts';
import type { NetworksPlan, PlannedNetwork } from './plan.ts';

/** What a daemon says of a network on its DPU. */
export interface Reported {
  dpu: string;
  node: string;
  /** What the DPU is to have of it; undefined where only pods still have something. */
  wish: NetworkWish | undefined;
  /** Undefined until the daemon has answered this wish: what it said to an earlier one is not counted. */
  report: NetworkReport | undefined;
  /** On a DPU side: whether the plugin takes network functions for one network; undefined where it does not say. */
  takesFunctions: boolean | undefined;
}

/** By network: every DPU that has something of it, or is to. */
export function reportsOf(
  dpus: readonly DataProcessingUnit[],
  wishes: NetworksPlan['wishes'],
): ReadonlyMap<string, Reported[]> {
  const all = dpus.flatMap(({ metadata, spec, status }) => {
    const wished = byName(wishes.get(metadata.name));
    const said = byName(status?.networks);
    const takesFunctions = spec.isDpuSide ? takesFunctionsOfOne(status?.vsp) : undefined;
    const names = new Set([...wished.keys(), ...byName(spec.networks).keys(), ...said.keys()]);
    return [...names].map((name) => {
      const wish = wished.get(name);
      const told = said.get(name);
      const report = told && isAnswerTo(told, wish) ? told : undefined;
      const reported = { dpu: metadata.name, node: spec.nodeName, wish, report, takesFunctions };
      return { name, reported };
    });
  });
  const grouped = Map.groupBy(all, ({ name }) => name);
  return new Map([...grouped].map(([name, of]) => [name, of.map(({ reported }) => reported)]));
}

/** As the plugin announces it (`perBridge` of the contract); images for the Go operator announce nothing. */
function takesFunctionsOfOne(vsp: VspIdentity | undefined): boolean | undefined {
  if (!vsp?.features) return undefined;
  return vsp.features.some((text) => /^dpu\.networkFunctions\/1 (.* )?perBridge=true( |$)/.test(text));
}

const isAnswerTo = (report: NetworkReport, wish: NetworkWish | undefined): boolean =>
  report.vfs === wish?.vfs && report.logicalBridge === wish?.logicalBridge && report.accelerated === wish?.accelerated;

const byName = <T extends { name: string }>(all: readonly T[] = []): ReadonlyMap<string, T> =>
  new Map(all.map((one) => [one.name, one]));

/** Why a network's NAD is not there. */
export interface NadFault {
  reason: 'NadTaken' | 'NadRefused';
  message: string;
}

/** @param name `namespace/name` */
export const nadTaken = (name: string): NadFault => ({
  reason: 'NadTaken',
  message: `the NetworkAttachmentDefinition ${name} is somebody else's: delete it, or make the network anew under another name`,
});

export interface StatusInput {
  planned: PlannedNetwork;
  reports: readonly Reported[];
  multusInstalled: boolean;
  nadFault?: NadFault | undefined;
  /** Why pods could not be evicted. */
  refusals: readonly string[];
}

export function networkStatus({ planned, ...seen }: StatusInput, now = new Date()): DpuNetworkStatus {
  const { network, vfs, vlanId, dpus } = planned;
  const said = [
    readiness({ planned, ...seen }),
    ...isolation(planned, seen.reports),
    ...acceleration(planned, seen.reports),
  ];
  const observedGeneration = network.metadata.generation;
  const devices = seen.reports.reduce((sum, { report }) => sum + (report?.devices ?? 0), 0);
  return {
    conditions: said.flatMap((one) => [...setCondition(own(network, one.type), { ...one, observedGeneration }, now)]),
    resourceName: networkResource(network.metadata.name),
    selectedVFs: vfs,
    ...(vlanId !== undefined && { vlanId }),
    dpus: dpus.length,
    devices,
  };
}

/** Of one that is being deleted. @param reports of the DPUs that it waits for */
export function deletingStatus(network: DpuNetwork, reports: readonly Reported[], now = new Date()): DpuNetworkStatus {
  const names = reports.map(({ dpu }) => dpu);
  const pods = waitingIn(reports);
  const what = pods.length > 0 ? `these pods have devices of it: ${firstTen(pods)}` : 'their daemons take it back';
  const message = `it is deleted once no DPU has it any more; on ${firstTen(names)}: ${what}`;
  const { conditions: _, ...rest } = network.status ?? {};
  return { ...rest, conditions: [...setCondition(own(network, 'Ready'), verdict('False', 'Deleting', message), now)] };
}

/** Of one that nobody serves. */
export function offStatus(network: DpuNetwork, now = new Date()): DpuNetworkStatus {
  const message = 'there is no DpuOperatorConfig, or it is being deleted: no DPU is served, hence no network';
  const { conditions: _, ...rest } = network.status ?? {};
  return {
    ...rest,
    conditions: [...setCondition(own(network, 'Ready'), verdict('False', 'NotServed', message), now)],
    dpus: 0,
    devices: 0,
  };
}

/** Only this one: what the Go operator wrote beside it goes. */
const own = ({ status }: DpuNetwork, type: string) => (status?.conditions ?? []).filter((one) => one.type === type);

/** Whether its pods are kept apart from others; nothing is said before a daemon has been heard. */
function isolation({ network, fault, vlanId }: PlannedNetwork, reports: readonly Reported[]): ConditionInput[] {
  if (fault || !reports.some(({ wish, report }) => wish && report)) return [];
  const said = (status: 'True' | 'False', reason: string, message: string): ConditionInput[] => [
    { ...verdict(status, reason, message), type: 'Isolated' },
  ];
  const { vlan } = network.spec;
  if (vlan === 0) return said('False', 'DefaultBridge', 'spec.vlan is 0: its pods are on the default bridge');
  const where = withoutBridge(reports);
  if (where.length === 0) return said('True', 'OwnVlan', `its pods are on VLAN ${vlan ?? vlanId}`);
  if (vlan !== undefined) return said('False', 'PodsRefused', `${noBridges(where)}: its pods there are refused`);
  const why = `${noBridges(where)}: its pods there are on the default bridge, with all others that are`;
  return said('False', 'SharedBridge', `${why}; ${useAnother}`);
}

/** Whether network functions on its DPU sides can work for it; nothing is said before a plugin has. */
function acceleration({ network, fault }: PlannedNetwork, reports: readonly Reported[]): ConditionInput[] {
  const told = reports.filter(({ wish, takesFunctions }) => wish && takesFunctions !== undefined);
  if (fault || !network.spec.isAccelerated || told.length === 0) return [];
  const refusing = told.flatMap(({ dpu, takesFunctions }) => (takesFunctions ? [] : dpu));
  const message =
    refusing.length === 0
      ? 'network functions work for it alone'
      : `the plugin of ${firstTen(refusing)} takes no network functions for one network: pods of such do not start there`;
  const [status, reason] =
    refusing.length === 0 ? (['True', 'FunctionsTaken'] as const) : (['False', 'FunctionsRefused'] as const);
  return [{ ...verdict(status, reason, message), type: 'Accelerated' }];
}

const withoutBridge = (reports: readonly Reported[]): string[] =>
  reports.flatMap(({ dpu, report }) => (report?.lacksBridge ? dpu : []));
const noBridges = (dpus: readonly string[]): string =>
  `the plugin or the daemon on the DPU of ${firstTen(dpus)} serves no logical bridges`;
const useAnother = 'use a plugin that serves them, and the daemon of this operator';

function readiness({ planned, reports, multusInstalled, nadFault, refusals }: StatusInput): ConditionInput {
  const { fault, overlaps, dpus, network } = planned;
  if (fault) return verdict('False', fault.reason, fault.message);
  if (!multusInstalled) {
    const message =
      'the cluster does not know NetworkAttachmentDefinitions: install Multus; the operator goes on by itself';
    return verdict('False', 'MultusMissing', message);
  }
  if (nadFault) return verdict('False', nadFault.reason, nadFault.message);
  if (overlaps.length > 0) {
    const each = overlaps.map(({ dpu, vfs, by }) => `VFs ${vfs} of ${dpu} are DpuNetwork ${by}'s`);
    return verdict('False', 'Overlap', `an older network has some: ${firstTen(each)}; name others in spec.dpuSelector`);
  }
  if (dpus.length === 0) {
    const side = network.spec.isAccelerated ? '' : ' of a host side';
    const message = `spec.nodeSelector and spec.dpuSelector select no DataProcessingUnit${side}; compare the labels`;
    return verdict('False', 'NothingSelected', message);
  }
  const missing = reports.flatMap(({ dpu, report }) => (report?.missing ? `${report.missing} of ${dpu}` : []));
  if (missing.length > 0) {
    const message = `VFs that are not there: ${firstTen(missing)}; see numVfs of DataProcessingUnitConfig, or name others`;
    return verdict('False', 'VfsMissing', message);
  }
  const pods = waitingIn(reports);
  if (pods.length > 0) {
    const evicts = network.spec.podsOnChange === 'Evict';
    const how = evicts ? 'these pods are evicted' : 'these pods end (kubectl drain, or spec.podsOnChange: Evict)';
    const why = refusals.length > 0 ? `; not evicted: ${refusals.join('; ')}` : '';
    return verdict('False', 'WaitingForPods', `devices change their network when ${how}: ${firstTen(pods)}${why}`);
  }
  const where = withoutBridge(reports);
  if (where.length > 0 && network.spec.vlan !== undefined) {
    const what = `${noBridges(where)}, so VLAN ${network.spec.vlan} cannot be kept apart and its pods are refused`;
    return verdict('False', 'NotIsolated', `${what}: ${useAnother}, or set spec.vlan to 0, which keeps nothing apart`);
  }
  const silent = reports.filter(({ wish, report }) => wish && !report).map(({ dpu }) => dpu);
  const devices = reports.reduce((sum, { report }) => sum + (report?.devices ?? 0), 0);
  const count = `${devices} devices on ${dpus.length} DataProcessingUnits`;
  if (silent.length > 0) {
    return verdict('False', 'Pending', `${count}; waiting for the daemons of ${firstTen(silent)}`);
  }
  return verdict('True', 'Ready', count);
}

const waitingIn = (reports: readonly Reported[]): string[] => reports.flatMap(({ report }) => report?.waiting ?? []);

function verdict(status: 'True' | 'False', reason: string, message: string): ConditionInput {
  return { type: 'Ready', status, reason, message: cutText(message, 4_096) };
}
