/** Makes ServiceAccounts, roles and bindings from the rights. */
import { operatorNamespace } from '../api/names/names.ts';
import { processes } from './rights/index.ts';
import { type MetricsRight, type SharedRole, sharedRoles } from './rights/people.ts';
import type { Grant, ProcessRights, Right } from './rights/right.ts';

const apiGroup = 'rbac.authorization.k8s.io';

export function serviceAccounts(): object[] {
  return processes.map(({ account }) => serviceAccount(account));
}

export function serviceAccount(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: operatorNamespace },
  };
}

export function rbac(): object[] {
  return [...processes.flatMap(rolesOf), ...sharedRoles.map(sharedRole)];
}

/** The roles of a process, with their bindings. */
export function rolesOf({ account, grants }: ProcessRights): object[] {
  return grants.flatMap((grant) => roleWithBinding(account, grant));
}

/** The names of a process's role and of its binding: those for the whole cluster are shared with everybody. */
export function roleName(account: string, { namespace }: Grant): string {
  return namespace === undefined ? `dpu-operator:${account}` : account;
}

function roleWithBinding(account: string, grant: Grant): object[] {
  const kind = grant.namespace === undefined ? 'ClusterRole' : 'Role';
  const name = roleName(account, grant);
  const metadata = {
    name,
    ...(grant.namespace !== undefined && { namespace: grant.namespace }),
  };
  return [
    {
      apiVersion: `${apiGroup}/v1`,
      kind,
      metadata,
      rules: grant.rights.map(ruleOf),
    },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup, kind, name },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace: operatorNamespace }],
    },
  ];
}

function sharedRole({ name, aggregateTo, rights }: SharedRole): object {
  const labels = Object.fromEntries(aggregateTo.map((role) => [`${apiGroup}/aggregate-to-${role}`, 'true']));
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: 'ClusterRole',
    metadata: {
      name,
      ...(aggregateTo.length > 0 && { labels }),
    },
    rules: rights.map(ruleOf),
  };
}

export function ruleOf(right: Right | MetricsRight): object {
  if ('path' in right) return { nonResourceURLs: [right.path], verbs: right.verbs };
  return {
    apiGroups: [right.apiGroup],
    resources: right.resources,
    verbs: right.verbs,
    ...(right.names && { resourceNames: right.names }),
  };
}
