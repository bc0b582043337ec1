/** What a DPU's Ready condition says where that is not for its manager to say. Pure. */
import { type Condition, type ConditionInput, dpuConditions, findCondition } from '../../../api/index.ts';
import { firstTen } from '../../../first-ten.ts';
import { type Presence, there } from '../../presence.ts';

/** Who uses a DPU. */
export interface DpuUsers {
  /** `namespace/name` of pods. */
  pods: readonly string[];
  /** Of hosts that have ports on a DPU side. */
  hosts: readonly string[];
  /** Records that cannot be read: any of them may say that this DPU is used. */
  unreadable: readonly string[];
}

export const isUsed = ({ pods, hosts, unreadable }: DpuUsers): boolean =>
  pods.length + hosts.length + unreadable.length > 0;

/** Ready=False for a DPU that is to go and is still used. */
export function inUse(users: DpuUsers): ConditionInput {
  return notReady('InUse', `it is deleted once nothing uses it any more: ${listed(users)}`);
}

/** Ready=False for a DPU whose plugin nobody wants any more. */
export function pluginGone(plugin: string, users: DpuUsers): ConditionInput {
  const message = `VendorPlugin ${plugin}, which detected it, is gone: unless that comes back, it is deleted once nothing uses it any more: ${listed(users)}`;
  return notReady('PluginGone', message);
}

/** Ready=False for a DPU of which something is missing, for a moment or for good. */
export function hardwareMissing(dpuName: string, reason: string): ConditionInput {
  const message = `${reason}; the DPU is kept as it is and served again when that is back. If it was taken out for good: kubectl delete dpu ${dpuName}`;
  return notReady('HardwareMissing', message);
}

/** Records=False: what a person has to repair. Nothing where all can be read. */
export function unreadableRecords({ unreadable }: DpuUsers): ConditionInput[] {
  if (unreadable.length === 0) return [];
  const message = `these records cannot be read, so nothing is released because it is in none: ${firstTen(unreadable)}; delete the files when the pods that they may be of are gone`;
  return [{ type: dpuConditions.records, status: 'False', reason: 'Unreadable', message }];
}

/** IdentifierUnique=False: of two DPUs that cannot be told apart, one is served. */
export function identifierUnique(rival: string | undefined): ConditionInput[] {
  if (rival === undefined) return [];
  const message = `this node has another DPU of this name, which is not served: ${rival}; take one of them out, or use one plugin for both`;
  return [{ type: dpuConditions.identifierUnique, status: 'False', reason: 'Conflict', message }];
}

/**
 * What to say where a condition is there only while it holds: nothing where it does not, and what was said before while
 * it is not known.
 */
export function saidOf(
  type: string,
  condition: Presence<ConditionInput>,
  before: readonly Condition[] = [],
): ConditionInput[] {
  if (condition.is === 'gone') return [];
  const said = condition.is === 'there' ? condition.value : findCondition(before, type);
  return said ? [said] : [];
}

/** A condition about a wish of the spec: it holds for the wish of that generation. */
export function observedAt(
  condition: Presence<ConditionInput>,
  observedGeneration: number | undefined,
): Presence<ConditionInput> {
  return condition.is === 'there' ? there({ ...condition.value, observedGeneration }) : condition;
}

function listed({ pods, hosts, unreadable }: DpuUsers): string {
  const users: string[] = [];
  if (pods.length > 0) users.push(`pods ${firstTen(pods)}`);
  if (hosts.length > 0) users.push(`ports of hosts ${firstTen(hosts)}`);
  if (unreadable.length > 0) users.push(`what these records would say: ${firstTen(unreadable)}`);
  return users.join('; ');
}

const notReady = (reason: string, message: string): ConditionInput => ({
  type: dpuConditions.ready,
  status: 'False',
  reason,
  message,
});
