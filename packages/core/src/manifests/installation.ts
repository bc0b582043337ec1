import { crd } from '../api/kinds/crd.ts';
import { kinds } from '../api/kinds/kinds.ts';
import { type DeploymentOptions, deployment, disruptionBudget } from './deployment.ts';
import { injector } from './injector.ts';
import { networkPolicies } from './network-policies.ts';
import { policies, renderPolicies } from './policy/index.ts';
import { rbac, serviceAccounts } from './rbac.ts';

/** Every object of an installation but its namespace: what each way of packaging is made of. */
export interface Installation {
  /** By the plural of their kind. */
  crds: ReadonlyMap<string, object>;
  accounts: readonly object[];
  rights: readonly object[];
  networkPolicies: readonly object[];
  deployment: object;
  disruptionBudget: object;
  /** The network-resources-injector, which may be left out. */
  injector: readonly object[];
  /** Admission policies by the process that they are about. */
  policies: ReadonlyMap<string, readonly object[]>;
}

export function installation(options: DeploymentOptions): Installation {
  return {
    crds: new Map(kinds.map((kind) => [kind.plural, crd(kind)])),
    accounts: serviceAccounts(),
    rights: rbac(),
    networkPolicies: networkPolicies(),
    deployment: deployment(options),
    disruptionBudget: disruptionBudget(),
    injector: injector(options),
    policies: new Map(Object.entries(policies).map(([process, list]) => [process, renderPolicies(list)])),
  };
}
