import { group, injectorNames, networkNames, operatorNamespace, trustNames, workloads } from '../../api/names/names.ts';
import { defaultNetworkNamespace } from '../../operator/networks/networks.ts';
import { events, type ProcessRights, privilegedPods, type Right, read, reviews } from './right.ts';

const networks: Right = {
  apiGroup: 'k8s.cni.cncf.io',
  resources: ['network-attachment-definitions'],
  verbs: [...read, 'create', 'patch', 'delete'],
  why: 'Keeps the networks that pods name in their annotation.',
};

export const operatorRights: ProcessRights = {
  account: workloads.operator,
  is: 'The operator: decides for all nodes, and makes every pod that this project runs.',
  grants: [
    {
      rights: [
        {
          apiGroup: group,
          resources: ['dpuoperatorconfigs'],
          verbs: [...read, 'patch'],
          why: 'What is wanted; its finalizer holds the config until everything is uninstalled.',
        },
        {
          apiGroup: group,
          resources: ['dataprocessingunits'],
          verbs: [...read, 'patch', 'delete'],
          why: 'Hands on what configs ask for; deletes those of nodes that have gone, and all when it is uninstalled.',
        },
        {
          apiGroup: group,
          resources: ['dataprocessingunitconfigs', 'vendorplugins'],
          verbs: read,
          why: 'Which plugin, version and settings each DPU is to run.',
        },
        {
          apiGroup: group,
          resources: ['servicefunctionchains'],
          verbs: read,
          why: 'Which network functions are to run.',
        },
        {
          apiGroup: group,
          resources: ['dpunetworks'],
          verbs: [...read, 'patch'],
          why: 'Which networks there are; its finalizer holds one while DPUs have devices of it.',
        },
        {
          apiGroup: group,
          resources: [
            'dpuoperatorconfigs/status',
            'dataprocessingunits/status',
            'dataprocessingunitconfigs/status',
            'servicefunctionchains/status',
            'vendorplugins/status',
            'dpunetworks/status',
          ],
          verbs: ['patch'],
          why: 'Says what became of them.',
        },
        {
          apiGroup: group,
          resources: [
            'dpuoperatorconfigs/finalizers',
            'dataprocessingunits/finalizers',
            'vendorplugins/finalizers',
            'servicefunctionchains/finalizers',
            'dpunetworks/finalizers',
          ],
          verbs: ['update'],
          why: 'What it makes names these as its owner and blocks their deletion, which some clusters check.',
        },
        {
          apiGroup: '',
          resources: ['nodes'],
          verbs: read,
          why: 'Which nodes there are, with their labels and addresses.',
        },
        {
          apiGroup: '',
          resources: ['namespaces'],
          verbs: read,
          why: 'Whether the namespaces exist in which chains may run. The uid of its own is the id of the installation, which stands in certificates.',
        },
        {
          apiGroup: '',
          resources: ['pods'],
          verbs: [...read, 'create', 'delete'],
          why: 'Runs VSPs and what installs their plugins in its own namespace, and the network functions of chains where the DpuOperatorConfig allows them, which RBAC cannot say and a policy in config/policy does; looks at a pod that uses a DPU before it is evicted.',
        },
        {
          ...networks,
          names: [networkNames.networkFunction],
          why: 'Keeps the network of network functions in the namespaces in which chains may run. By name, also when it is made: it is applied.',
        },
        {
          apiGroup: '',
          resources: ['pods/eviction'],
          verbs: ['create'],
          why: 'Before the VSP of a plugin that disturbs traffic is replaced, the pods that use it are evicted, wherever they are.',
        },
        {
          apiGroup: 'apiextensions.k8s.io',
          resources: ['customresourcedefinitions'],
          verbs: read,
          names: ['network-attachment-definitions.k8s.cni.cncf.io', 'clusterversions.config.openshift.io'],
          why: 'Whether Multus is there, and whether the cluster is OpenShift.',
        },
        {
          apiGroup: 'certificates.k8s.io',
          resources: ['certificatesigningrequests'],
          verbs: read,
          why: 'What certificates the daemons ask for.',
        },
        {
          apiGroup: 'certificates.k8s.io',
          resources: ['certificatesigningrequests/approval', 'certificatesigningrequests/status'],
          verbs: ['patch'],
          why: 'Approves and signs them, or denies them.',
        },
        {
          apiGroup: 'certificates.k8s.io',
          resources: ['signers'],
          verbs: ['approve', 'sign'],
          names: [trustNames.signer],
          why: 'Of its own signer only: it can approve no certificate for anything else in the cluster.',
        },
        {
          apiGroup: 'admissionregistration.k8s.io',
          resources: ['mutatingwebhookconfigurations'],
          verbs: [...read, 'patch'],
          names: [injectorNames.webhook],
          why: "Tells the API server by which authority it knows the injector's webhook.",
        },
        {
          ...privilegedPods,
          why: 'OpenShift admits the network functions of chains, which work on their own interfaces and sysctls.',
        },
        ...reviews,
        events,
      ],
    },
    {
      namespace: operatorNamespace,
      rights: [
        {
          apiGroup: 'apps',
          resources: ['daemonsets'],
          verbs: [...read, 'create', 'patch', 'delete'],
          why: 'Runs the daemon on every node with a DPU.',
        },
        {
          apiGroup: '',
          resources: ['configmaps'],
          verbs: [...read, 'create', 'delete'],
          why: 'Keeps the lock files of plugins, which nodes install from.',
        },
        {
          apiGroup: '',
          resources: ['configmaps'],
          verbs: ['patch'],
          why: 'Publishes which authorities count between hosts and DPUs, and notes whom it gave a certificate; `dpuctl trust import` in its pod writes the trust of other installations, whose names are not known before.',
        },
        {
          apiGroup: '',
          resources: ['secrets'],
          verbs: ['create'],
          why: "Makes the authority of the channel between hosts and DPUs, and the certificate of the injector's webhook; Kubernetes cannot limit a creation to a name.",
        },
        {
          apiGroup: '',
          resources: ['secrets'],
          verbs: ['patch'],
          names: [trustNames.authority, injectorNames.certificate],
          why: "Exchanges its own authority when it is told to, and the certificate of the injector's webhook in time.",
        },
        {
          apiGroup: '',
          resources: ['secrets'],
          verbs: ['get'],
          why: 'Credentials for registries of packages and images, by the name that a VendorPlugin gives, which cannot be listed here. It can neither list nor watch Secrets.',
        },
        {
          apiGroup: '',
          resources: ['serviceaccounts'],
          verbs: ['get'],
          why: "Which Secrets the nodes pull a plugin's images with: its manifest is read from the image with the same.",
        },
        {
          apiGroup: 'coordination.k8s.io',
          resources: ['leases'],
          verbs: [...read, 'create', 'patch', 'delete'],
          why: 'Its own, by which one operator of several leads, and those of daemons whose nodes have left.',
        },
        networks,
      ],
    },
    {
      namespace: defaultNetworkNamespace,
      rights: [networks],
    },
    {
      namespace: 'kube-public',
      rights: [
        {
          apiGroup: '',
          resources: ['configmaps'],
          verbs: ['get'],
          names: ['microshift-version'],
          why: 'Whether the cluster is MicroShift.',
        },
      ],
    },
  ],
};
