/** What OLM gives the ServiceAccounts, which it makes itself. */
import { operatorNamespace } from '../../api/names/names.ts';
import { defaultNetworkNamespace } from '../../operator/networks/networks.ts';
import { ruleOf } from '../rbac.ts';
import { processes } from '../rights/index.ts';
import type { Grant, ProcessRights, Right } from '../rights/right.ts';

export interface Permission {
  serviceAccountName: string;
  rules: object[];
}

/** In the operator's namespace. */
export function permissions(): Permission[] {
  return processes.flatMap((process) => permissionOf(process, ({ namespace }) => namespace === operatorNamespace));
}

/**
 * In the whole cluster. OLM makes Roles in the operator's namespace only: what is to be had in another one is given
 * everywhere, for the objects of that name. Networks have the names of DpuNetworks, which nobody knows before.
 */
export function clusterPermissions(): Permission[] {
  return processes.flatMap((process) => permissionOf(process, ({ namespace }) => namespace !== operatorNamespace));
}

function permissionOf({ account, grants }: ProcessRights, isWanted: (grant: Grant) => boolean): Permission[] {
  const rules = grants.filter(isWanted).flatMap((grant) => grant.rights.map((right) => ruleOf(named(grant, right))));
  return rules.length > 0 ? [{ serviceAccountName: account, rules }] : [];
}

function named({ namespace }: Grant, right: Right): Right {
  if (namespace === undefined || namespace === operatorNamespace || right.names) return right;
  if (namespace === defaultNetworkNamespace) return right;
  throw new Error(`a right in ${namespace} without names would be one everywhere: ${right.resources.join(', ')}`);
}
