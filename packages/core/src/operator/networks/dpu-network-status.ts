/** What a DpuNetwork's status says. Pure. */
import { cutText, longestMessage } from '@dpu-operator/sdk/cut-text';
import { type ConditionInput, setCondition } from '../../api/fields/conditions.ts';
import type { DpuNetwork, DpuNetworkStatus } from '../../api/kinds/dpu-network.ts';
import { networkResource } from '../../api/names/names.ts';
import { firstTen } from '../../first-ten.ts';
import type { NetworkOnDpu, NetworkTally } from './network-tally.ts';
import type { PlannedNetwork } from './plan.ts';

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
  /** As it is now; that of the plan may have an older status. */
  network: DpuNetwork;
  planned: PlannedNetwork;
  tally: Readonly<NetworkTally>;
  multusInstalled: boolean;
  nadFault?: NadFault | undefined;
  /** Why pods could not be evicted. */
  refusals: readonly string[];
  /** DPUs whose spec nobody may write, with the server's words. */
  untold: readonly string[];
  /** The server's words, where nobody may write its finalizer. */
  unheld?: string | undefined;
}

export function networkStatus(input: StatusInput, now = new Date()): DpuNetworkStatus {
  const { network, planned, tally } = input;
  const said = [readiness(input), ...isolation(input), ...acceleration(input)];
  const observedGeneration = network.metadata.generation;
  return {
    conditions: said.flatMap((one) => [...setCondition(own(network, one.type), { ...one, observedGeneration }, now)]),
    resourceName: networkResource(network.metadata.name),
    selectedVFs: planned.vfs,
    ...(planned.vlanId !== undefined && { vlanId: planned.vlanId }),
    dpus: tally.dpus,
    devices: tally.devices,
  };
}

/** Of one that is being deleted. @param tally of the DPUs that it waits for */
export function deletingStatus(
  network: DpuNetwork,
  tally: Readonly<NetworkTally>,
  untold: readonly string[],
  now = new Date(),
): DpuNetworkStatus {
  const pods = waitingIn(tally);
  const usual = pods.length > 0 ? `these pods have devices of it: ${firstTen(pods)}` : 'their daemons take it back';
  const what = untold.length > 0 ? cannotBeTold(untold) : usual;
  const message = `it is deleted once no DPU has it any more; on ${firstTen([...tally.holders.keys()])}: ${what}`;
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
function isolation({ network, planned: { fault, vlanId }, tally }: StatusInput): ConditionInput[] {
  if (fault || tally.answered === 0) return [];
  const said = (status: 'True' | 'False', reason: string, message: string): ConditionInput[] => [
    { ...verdict(status, reason, message), type: 'Isolated' },
  ];
  const { vlan } = network.spec;
  if (vlan === 0) return said('False', 'DefaultBridge', 'spec.vlan is 0: its pods are on the default bridge');
  const where = withoutBridge(tally);
  if (where.length === 0) return said('True', 'OwnVlan', `its pods are on VLAN ${vlan ?? vlanId}`);
  if (vlan !== undefined) return said('False', 'PodsRefused', `${noBridges(where)}: its pods there are refused`);
  const why = `${noBridges(where)}: its pods there are on the default bridge, with all others that are`;
  return said('False', 'SharedBridge', `${why}; ${useAnother}`);
}

/** Whether functions on its DPU sides can work for it alone; nothing is said before a plugin has, and of the default bridge. */
function acceleration({ network, planned: { fault }, tally }: StatusInput): ConditionInput[] {
  const { isAccelerated, vlan } = network.spec;
  const refusing = told(tally, ({ dpu, wish, takesFunctions }) => (wish && takesFunctions === false ? dpu : []));
  if (fault || !isAccelerated || vlan === 0 || refusing.length + tally.takingFunctions === 0) return [];
  if (refusing.length === 0) {
    return [{ ...verdict('True', 'FunctionsTaken', 'network functions work for it alone'), type: 'Accelerated' }];
  }
  const message = `the plugin of ${firstTen(refusing)} takes no network functions for one network: their pods do not start there; use a plugin that does, or the setting of it with which it does`;
  return [{ ...verdict('False', 'FunctionsRefused', message), type: 'Accelerated' }];
}

/** @param textOf what there is to tell of a DPU, if anything */
const told = (
  { notable }: Readonly<NetworkTally>,
  textOf: (one: NetworkOnDpu) => string | readonly string[],
): string[] => [...notable.values()].flatMap(textOf);
const withoutBridge = (tally: Readonly<NetworkTally>): string[] =>
  told(tally, ({ dpu, report }) => (report?.lacksBridge ? dpu : []));
const noBridges = (dpus: readonly string[]): string =>
  `the plugin or the daemon on the DPU of ${firstTen(dpus)} serves no logical bridges`;
const useAnother = 'use a plugin that serves them, and the daemon of this operator';

function readiness({
  network,
  planned,
  tally,
  multusInstalled,
  nadFault,
  refusals,
  untold,
  unheld,
}: StatusInput): ConditionInput {
  const { fault } = planned;
  if (fault) return verdict('False', fault.reason, fault.message);
  if (!multusInstalled) {
    const message =
      'the cluster does not know NetworkAttachmentDefinitions: install Multus; the operator goes on by itself';
    return verdict('False', 'MultusMissing', message);
  }
  if (nadFault) return verdict('False', nadFault.reason, nadFault.message);
  const taken = told(tally, ({ dpu, overlaps }) =>
    overlaps.map(({ vfs, by }) => `VFs ${vfs} of ${dpu} are DpuNetwork ${by}'s`),
  );
  if (taken.length > 0) {
    return verdict(
      'False',
      'Overlap',
      `an older network has some: ${firstTen(taken)}; name others in spec.dpuSelector`,
    );
  }
  if (tally.dpus === 0) {
    const side = network.spec.isAccelerated ? '' : ' of a host side';
    const message = `spec.nodeSelector and spec.dpuSelector select no DataProcessingUnit${side}; compare the labels`;
    return verdict('False', 'NothingSelected', message);
  }
  if (unheld !== undefined) {
    const message = `the API server, or a policy, does not let the operator write its finalizer (${unheld}), without which no further DPU is told of it; it is tried again`;
    return verdict('False', 'FinalizerRefused', message);
  }
  if (untold.length > 0) return verdict('False', 'DpuRefused', cannotBeTold(untold));
  const missing = told(tally, ({ dpu, report }) => (report?.missing ? `${report.missing} of ${dpu}` : []));
  if (missing.length > 0) {
    const message = `VFs that are not there: ${firstTen(missing)}; see numVfs of DataProcessingUnitConfig, or name others`;
    return verdict('False', 'VfsMissing', message);
  }
  const pods = waitingIn(tally);
  if (pods.length > 0) {
    const evicts = network.spec.podsOnChange === 'Evict';
    const how = evicts ? 'these pods are evicted' : 'these pods end (kubectl drain, or spec.podsOnChange: Evict)';
    const why = refusals.length > 0 ? `; not evicted: ${refusals.join('; ')}` : '';
    return verdict('False', 'WaitingForPods', `devices change their network when ${how}: ${firstTen(pods)}${why}`);
  }
  const where = withoutBridge(tally);
  if (where.length > 0 && network.spec.vlan !== undefined) {
    const what = `${noBridges(where)}, so VLAN ${network.spec.vlan} cannot be kept apart and its pods are refused`;
    return verdict('False', 'NotIsolated', `${what}: ${useAnother}, or set spec.vlan to 0, which keeps nothing apart`);
  }
  const silent = told(tally, ({ dpu, wish, report }) => (wish && !report ? dpu : []));
  const count = `${tally.devices} devices on ${tally.dpus} DataProcessingUnits`;
  if (silent.length > 0) {
    return verdict('False', 'Pending', `${count}; waiting for the daemons of ${firstTen(silent)}`);
  }
  return verdict('True', 'Ready', count);
}

const cannotBeTold = (dpus: readonly string[]): string =>
  `the API server, or a policy, does not let the operator write the spec of ${firstTen(dpus)}; it is tried again`;
const waitingIn = (tally: Readonly<NetworkTally>): string[] => told(tally, ({ report }) => report?.waiting ?? []);

function verdict(status: 'True' | 'False', reason: string, message: string): ConditionInput {
  return { type: 'Ready', status, reason, message: cutText(message, longestMessage) };
}
