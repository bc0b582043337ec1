/**
 * What is to be done for one DPU. Pure.
 *
 *   finding  object       then
 *   there    none         make the object
 *   there    there        serve
 *   unknown  none         make it again, if the DPU was served: somebody has removed it by force
 *   unknown  there        serve, with devices unhealthy and a condition that says what is missing
 *   gone, or ordered to go        delete the object; without one, tear down once nothing uses it
 *   any      terminating  tear down once nothing uses it, then release the object
 */
import {
  type ChannelSpec,
  type ConditionInput,
  type DataProcessingUnit,
  type Drain,
  drainName,
  finalizers,
  type NetworkWish,
} from '../../api/index.ts';
import { hasFinalizer, isBeingDeleted } from '../../kube/index.ts';
import type { DpuFinding } from '../detect/find-dpus.ts';
import { type ServedDpu, servedAsKnown } from '../detect/served-dpu.ts';
import type { Presence } from '../presence.ts';
import {
  type DpuUsers,
  hardwareMissing,
  identifierUnique,
  inUse,
  isUsed,
  pluginGone,
  unreadableRecords,
} from './status/dpu-conditions.ts';
import { drainOf, drainReport, isKept, isToClear } from './status/drain.ts';
import type { VfWish } from './vsp/vf-plan.ts';

export interface ObservedDpu {
  object: Presence<DataProcessingUnit>;
  /** undefined where detection has not said anything about it. */
  finding: DpuFinding | undefined;
  /** What was written down when it was taken into service. */
  record: ServedDpu | undefined;
  users: DpuUsers;
  /** `startedAt` of the rollout for which its VSP took away what it had made. */
  cleared: string | undefined;
}

export type DpuAction =
  /** Detection is to say whether there is such a DPU. */
  | { do: 'look' }
  | { do: 'makeObject'; dpu: ServedDpu }
  | { do: 'correctObject'; object: DataProcessingUnit; dpu: ServedDpu }
  | { do: 'deleteObject'; object: DataProcessingUnit }
  | {
      do: 'manage';
      dpu: ServedDpu;
      vfs?: VfWish | undefined;
      networks?: readonly NetworkWish[] | undefined;
      hostPortsExpireAfterMinutes?: number | undefined;
      channel?: ChannelSpec | undefined;
      /** SPIFFE IDs of other ends that it worked with. */
      worked?: readonly string[] | undefined;
    }
  /** Offers devices to new pods; unhealthy ones where there is a problem. */
  | { do: 'offer'; problem: string | undefined }
  /** Offers none; pods that have some keep them. `leaving`: for good, so hosts are told. */
  | { do: 'withdraw'; leaving: boolean }
  /** The VSP is to take away what it made. */
  | { do: 'clear'; rollout: string }
  /** Without `ready` the DPU's manager has the word. */
  | {
      do: 'report';
      object: DataProcessingUnit;
      ready: ConditionInput | undefined;
      others: ConditionInput[];
      drain: Drain | undefined;
    }
  | { do: 'tearDown' }
  /** Takes the daemon's finalizer off. */
  | { do: 'release'; object: DataProcessingUnit };

export function planDpu(observed: ObservedDpu): DpuAction[] {
  const { object, finding } = observed;
  if (object.is === 'unknown') return [];
  if (object.is === 'there' && isBeingDeleted(object.value)) return planDeletion(object.value, observed);
  if (!finding) return object.is === 'there' ? [{ do: 'look' }] : [];
  if (object.is === 'gone') return planWithoutObject(finding, observed);
  if (isOver(finding) || (finding.pluginGone && !isUsed(observed.users))) {
    return [{ do: 'deleteObject', object: object.value }];
  }
  return planService(object.value, finding, observed);
}

const isOver = ({ presence, removal }: DpuFinding): boolean => removal !== undefined || presence.is === 'gone';

/** Deletion is an order, whatever detection says. Pods and hosts need the DPU until they are gone. */
function planDeletion(object: DataProcessingUnit, { users }: ObservedDpu): DpuAction[] {
  if (!hasFinalizer(object, finalizers.daemon)) return [];
  if (isUsed(users)) {
    const others = unreadableRecords(users);
    return [
      { do: 'withdraw', leaving: true },
      { do: 'report', object, ready: inUse(users), others, drain: undefined },
    ];
  }
  return [{ do: 'withdraw', leaving: true }, { do: 'tearDown' }, { do: 'release', object }];
}

/** There is nowhere to say what it waits for. */
function planWithoutObject(finding: DpuFinding, { record, users }: ObservedDpu): DpuAction[] {
  const { presence, pluginGone } = finding;
  if (isOver(finding) || pluginGone) {
    if (!record) return [];
    return isUsed(users) ? [{ do: 'withdraw', leaving: true }] : [{ do: 'tearDown' }];
  }
  const dpu = presence.is === 'there' ? presence.value : record;
  return dpu ? [{ do: 'makeObject', dpu }] : [];
}

function planService(object: DataProcessingUnit, finding: DpuFinding, observed: ObservedDpu): DpuAction[] {
  const { record, users, cleared } = observed;
  const { presence, dpu } = finding;
  const problem = presence.is === 'unknown' ? presence.reason : undefined;
  const served = presence.is === 'there' ? presence.value : (record ?? servedAsKnown(dpu));
  const rollout = drainOf(object);
  const clearing = rollout && drainName(rollout);
  const isCleared = rollout !== undefined && cleared === clearing;
  const clears = rollout !== undefined && isToClear(rollout) && !isCleared && !isKept(rollout, users);
  const actions: DpuAction[] = [];
  if (presence.is === 'there') actions.push({ do: 'correctObject', object, dpu: presence.value });
  if (served) {
    const { numVfs, numVfsPerPf, networks, hostPortsExpireAfterMinutes, channel } = object.spec;
    const vfs = numVfsPerPf ?? numVfs;
    const worked = object.status?.channel?.peers;
    actions.push({ do: 'manage', dpu: served, vfs, networks, hostPortsExpireAfterMinutes, channel, worked });
  }
  if (rollout || finding.pluginGone) actions.push({ do: 'withdraw', leaving: finding.pluginGone ?? false });
  else actions.push({ do: 'offer', problem });
  if (clears) actions.push({ do: 'clear', rollout: drainName(rollout) });
  const drain = rollout && drainReport(rollout, users, isCleared);
  actions.push({
    do: 'report',
    object,
    ready: readyOf(finding, problem, users),
    others: [...unreadableRecords(users), ...identifierUnique(finding.rival)],
    drain,
  });
  return actions;
}

function readyOf(finding: DpuFinding, problem: string | undefined, users: DpuUsers): ConditionInput | undefined {
  if (problem !== undefined) return hardwareMissing(finding.dpu.name, problem);
  return finding.pluginGone ? pluginGone(finding.dpu.plugin, users) : undefined;
}
