/** What a DPU's Ready condition says where that is not for its manager to say. Pure. */
import type { ConditionInput } from '../../api/index.ts';
import { firstTen } from '../../listed.ts';

/** Who uses a DPU. */
export interface DpuUsers {
  /** `namespace/name` of pods. */
  pods: readonly string[];
  /** Of hosts that have ports on a DPU side. */
  hosts: readonly string[];
}

export const isUsed = ({ pods, hosts }: DpuUsers): boolean => pods.length + hosts.length > 0;

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

function listed({ pods, hosts }: DpuUsers): string {
  const users: string[] = [];
  if (pods.length > 0) users.push(`pods ${firstTen(pods)}`);
  if (hosts.length > 0) users.push(`ports of hosts ${firstTen(hosts)}`);
  return users.join('; ');
}

const notReady = (reason: string, message: string): ConditionInput => ({
  type: 'Ready',
  status: 'False',
  reason,
  message,
});
