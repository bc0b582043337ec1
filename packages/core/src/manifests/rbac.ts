/** What each process may do. Nothing here is a wildcard; what a process does not do, it may not do. */
import { group, operatorNamespace, workloads } from '../api/names.ts';
import { defaultNetworkNamespace } from '../operator/networks.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

const read = ['get', 'list', 'watch'];

function rule(apiGroup: string, resources: string[], verbs: string[], resourceNames?: string[]): Rule {
  return { apiGroups: [apiGroup], resources, verbs, ...(resourceNames && { resourceNames }) };
}

const events = rule('events.k8s.io', ['events'], ['create']);

/** Privileged pods on OpenShift; elsewhere nobody asks. */
const privilegedPods = rule('security.openshift.io', ['securitycontextconstraints'], ['use'], ['privileged']);

const operatorCluster: Rule[] = [
  rule(group, ['dpuoperatorconfigs'], [...read, 'patch']),
  rule(group, ['dataprocessingunits'], [...read, 'patch', 'delete']),
  rule(group, ['dataprocessingunitconfigs', 'vendorplugins'], read),
  rule(
    group,
    [
      'dpuoperatorconfigs/status',
      'dataprocessingunits/status',
      'dataprocessingunitconfigs/status',
      'vendorplugins/status',
    ],
    ['patch'],
  ),
  // What it makes names these as its owner and blocks their deletion, which some clusters check.
  rule(
    group,
    ['dpuoperatorconfigs/finalizers', 'dataprocessingunits/finalizers', 'vendorplugins/finalizers'],
    ['update'],
  ),
  rule('', ['nodes'], read),
  // Before the VSP of a plugin that disturbs traffic is replaced, the pods that use it are evicted, wherever they are.
  rule('', ['pods'], ['get']),
  rule('', ['pods/eviction'], ['create']),
  rule('apiextensions.k8s.io', ['customresourcedefinitions'], read, [
    'network-attachment-definitions.k8s.cni.cncf.io',
    'clusterversions.config.openshift.io',
  ]),
  events,
];

const networks = rule('k8s.cni.cncf.io', ['network-attachment-definitions'], [...read, 'create', 'patch', 'delete']);

const operatorNamespaced: Rule[] = [
  rule('apps', ['daemonsets'], [...read, 'create', 'patch', 'delete']),
  rule('', ['pods'], [...read, 'create', 'delete']),
  // The lock files of plugins.
  rule('', ['configmaps'], [...read, 'create', 'delete']),
  // Credentials for npm registries, by the name that a VendorPlugin gives.
  rule('', ['secrets'], ['get']),
  // Its own, and those of daemons whose nodes have left.
  rule('coordination.k8s.io', ['leases'], [...read, 'create', 'patch', 'delete']),
  networks,
];

const daemonNamespaced: Rule[] = [
  // Its own Lease, by server-side apply.
  rule('coordination.k8s.io', ['leases'], ['create', 'patch']),
];

const flavour = rule('', ['configmaps'], ['get'], ['microshift-version']);

const daemonCluster: Rule[] = [
  rule(group, ['dpuoperatorconfigs', 'servicefunctionchains', 'vendorplugins'], read),
  rule(group, ['dataprocessingunits'], [...read, 'create', 'patch', 'delete']),
  rule(group, ['dataprocessingunits/status', 'servicefunctionchains/status'], ['get', 'patch']),
  rule(group, ['dataprocessingunits/finalizers', 'servicefunctionchains/finalizers'], ['update']),
  // Its own node's label.
  rule('', ['nodes'], [...read, 'patch']),
  // Network functions run in the namespaces of their chains. Of a VSP whose answer to Init was lost the pod is deleted.
  rule('', ['pods'], [...read, 'create', 'delete']),
  events,
  privilegedPods,
];

export function serviceAccounts(): object[] {
  return [workloads.operator, workloads.daemon, workloads.vsp].map((name) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: operatorNamespace },
  }));
}

export function rbac(): object[] {
  const { operator, daemon, vsp } = workloads;
  return [
    ...granted('ClusterRole', operator, operatorCluster),
    ...granted('Role', operator, operatorNamespaced, operatorNamespace),
    ...granted('Role', operator, [networks], defaultNetworkNamespace),
    ...granted('Role', operator, [flavour], 'kube-public'),
    ...granted('ClusterRole', daemon, daemonCluster),
    ...granted('Role', daemon, daemonNamespaced, operatorNamespace),
    ...granted('Role', vsp, [privilegedPods], operatorNamespace),
  ];
}

/** A role and its binding to the ServiceAccount of the same name. */
function granted(kind: 'Role' | 'ClusterRole', account: string, rules: Rule[], namespace?: string): object[] {
  const apiGroup = 'rbac.authorization.k8s.io';
  // Cluster-wide names are shared with everybody: say whose they are.
  const name = kind === 'ClusterRole' ? `dpu-operator:${account}` : account;
  const metadata = { name, ...(namespace && { namespace }) };
  return [
    { apiVersion: `${apiGroup}/v1`, kind, metadata, rules },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup, kind, name },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace: operatorNamespace }],
    },
  ];
}
