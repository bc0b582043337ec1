import { group, operatorNamespace, workloads } from '../../api/names/names.ts';
import { events, type ProcessRights, privilegedPods, read, reviews } from './right.ts';

/** RBAC cannot tell nodes apart: that each daemon has only its own is said by the policies in config/policy. */
export const daemonRights: ProcessRights = {
  account: workloads.daemon,
  is: 'The daemon on every node with a DPU: root on its node, by its work.',
  grants: [
    {
      rights: [
        {
          apiGroup: group,
          resources: ['dpuoperatorconfigs', 'vendorplugins'],
          verbs: read,
          why: 'What is wanted of its node, and the rules by which DPUs are detected.',
        },
        {
          apiGroup: group,
          resources: ['servicefunctionchains'],
          verbs: read,
          why: 'The chains that it wires on a DPU side.',
        },
        {
          apiGroup: group,
          resources: ['dataprocessingunits'],
          verbs: [...read, 'create', 'patch', 'delete'],
          why: 'Keeps an object for each DPU of its node.',
        },
        {
          apiGroup: group,
          resources: ['dataprocessingunits/status'],
          verbs: ['get', 'patch'],
          why: 'Says how its DPUs are.',
        },
        {
          apiGroup: group,
          resources: ['dataprocessingunits/finalizers'],
          verbs: ['update'],
          why: 'A DPU that is deleted stays until the daemon has torn it down; some clusters check that for finalizers.',
        },
        {
          apiGroup: '',
          resources: ['nodes'],
          verbs: [...read, 'patch'],
          why: 'Reads the labels of its node, and sets the one that says which side it is.',
        },
        {
          apiGroup: 'certificates.k8s.io',
          resources: ['certificatesigningrequests'],
          verbs: [...read, 'create'],
          why: 'Asks for the certificates of its DPUs and waits for them.',
        },
        ...reviews,
        events,
        privilegedPods,
      ],
    },
    {
      namespace: operatorNamespace,
      rights: [
        {
          apiGroup: 'coordination.k8s.io',
          resources: ['leases'],
          verbs: ['create', 'patch'],
          why: 'Renews the Lease of its node by server-side apply, which shows that it works.',
        },
        {
          apiGroup: '',
          resources: ['configmaps'],
          verbs: read,
          why: 'The authorities that count between hosts and DPUs, and what they revoked.',
        },
      ],
    },
  ],
};
