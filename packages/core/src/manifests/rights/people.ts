/** ClusterRoles for people and monitoring: those of the kinds add themselves to view, edit and admin. */
import { group } from '../../api/names/names.ts';
import { type Right, read } from './right.ts';

export interface SharedRole {
  name: string;
  /** The roles of Kubernetes that it is added to. */
  aggregateTo: readonly ('view' | 'edit' | 'admin')[];
  is: string;
  rights: readonly (Right | MetricsRight)[];
}

/** A path that no object stands behind. */
export interface MetricsRight {
  path: string;
  verbs: readonly string[];
  why: string;
}

const write = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const namespaced = ['dataprocessingunitconfigs', 'servicefunctionchains'];
const clusterWide = ['dpuoperatorconfigs', 'dataprocessingunits', 'vendorplugins', 'dpunetworks'];

export const sharedRoles: readonly SharedRole[] = [
  {
    name: 'dpu-operator:view',
    aggregateTo: ['view', 'edit', 'admin'],
    is: 'Whoever may view a namespace may look at what this project keeps there. Bound cluster-wide, also at DPUs, plugins and networks.',
    rights: [
      {
        apiGroup: group,
        resources: [...namespaced, ...clusterWide],
        verbs: read,
        why: 'Nothing in them is secret: credentials are named, not held.',
      },
    ],
  },
  {
    name: 'dpu-operator:edit',
    aggregateTo: ['edit', 'admin'],
    is: 'Whoever may edit a namespace may have chains and configs there. Chains run only in namespaces that the DpuOperatorConfig allows, configs count only in the namespace of the operator.',
    rights: [
      {
        apiGroup: group,
        resources: namespaced,
        verbs: write,
        why: 'What an application asks for. DPUs, networks, plugins and the DpuOperatorConfig are of the whole cluster: cluster-admin only.',
      },
    ],
  },
  {
    name: 'dpu-operator:metrics-reader',
    aggregateTo: [],
    is: 'For the ServiceAccount of a monitoring system: bind it to that.',
    rights: [
      {
        path: '/metrics',
        verbs: ['get'],
        why: 'Operator and daemons answer a scrape only to who may do this.',
      },
    ],
  },
];
