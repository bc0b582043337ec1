/** The admission policies in config/policy, by the process whose token they are about. */
import { daemonPolicies } from './daemon.ts';
import { operatorPolicies } from './operator.ts';
import { type Policy, renderPolicy } from './policy.ts';

export const policies: Record<'daemon' | 'operator', readonly Policy[]> = {
  daemon: daemonPolicies,
  operator: operatorPolicies,
};

export const renderPolicies = (list: readonly Policy[]): object[] => list.flatMap(renderPolicy);
