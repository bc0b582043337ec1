/** The objects of an installation of the Go operator: names, selectors and fields that a migration meets. */
import { daemon, idle } from './programs.ts';

const namespace = 'openshift-dpu-operator';
const rbac = 'rbac.authorization.k8s.io';
const image = 'dpu-operator/operator:dev';

interface Owner {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
}

const node = (program: string) => ['node', '-e', program];

/** What is installed by hand. */
export function operatorObjects(): object[] {
  const labels = { 'control-plane': 'controller-manager' };
  return [
    account('dpu-operator-controller-manager'),
    ...clusterRole('dpu-operator-manager-role', 'dpu-operator-manager-rolebinding', 'dpu-operator-controller-manager', [
      rule('', ['pods', 'secrets', 'services'], ['*']),
    ]),
    ...clusterRole(
      'dpu-operator-metrics-auth-role',
      'dpu-operator-metrics-auth-rolebinding',
      'dpu-operator-controller-manager',
      [rule('authentication.k8s.io', ['tokenreviews'], ['create'])],
    ),
    ...role('dpu-operator-leader-election-role', 'dpu-operator-leader-election-rolebinding', [
      rule('coordination.k8s.io', ['leases'], ['get', 'create', 'update']),
    ]),
    service('dpu-operator-webhook-service', labels, 9443),
    service('dpu-operator-controller-manager-metrics-service', labels, 10443),
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'dpu-operator-validating-webhook-configuration' },
      webhooks: [
        {
          name: 'vdpuoperatorconfig.kb.io',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
          clientConfig: serviceAt('dpu-operator-webhook-service', '/validate-config-openshift-io-v1-dpuoperatorconfig'),
          rules: [
            {
              apiGroups: ['config.openshift.io'],
              apiVersions: ['v1'],
              operations: ['CREATE', 'UPDATE'],
              resources: ['dpuoperatorconfigs'],
            },
          ],
        },
      ],
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'dpu-operator-controller-manager', namespace, labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: 'dpu-operator-controller-manager',
            terminationGracePeriodSeconds: 10,
            containers: [
              {
                name: 'manager',
                image,
                command: node(idle),
                env: [{ name: 'DpuOperatorDaemonImage', value: image }],
              },
            ],
          },
        },
      },
    },
  ];
}

/** What the operator makes for a DpuOperatorConfig, which owns it. */
export function configObjects(config: Owner, ipam: object): object[] {
  const ownerReferences = [{ ...config, controller: true, blockOwnerDeletion: true }];
  const injector = { app: 'network-resources-injector' };
  const made = [
    account('dpu-daemon-sa'),
    ...clusterRole('dpu-daemon-cluster-role', 'dpu-daemon-cluster-rolebinding', 'dpu-daemon-sa', [
      rule('', ['nodes'], ['get', 'update']),
    ]),
    ...role('dpu-daemon-role', 'dpu-daemon-role-binding', [rule('', ['pods'], ['get', 'list', 'create'])]),
    daemonSet(),
    account('network-resources-injector-sa'),
    ...clusterRole('network-resources-injector', 'network-resources-injector-role-binding', injectorAccount, [
      rule('', ['pods'], ['*']),
    ]),
    service('network-resources-injector-service', injector, 8443),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: injector.app, namespace, labels: injector },
      spec: {
        selector: { matchLabels: injector },
        template: {
          metadata: { labels: injector },
          spec: {
            serviceAccountName: injectorAccount,
            containers: [{ name: 'webhook-server', image, command: node(idle) }],
          },
        },
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'network-resources-injector-config' },
      webhooks: [
        {
          name: 'network-resources-injector-config.k8s.io',
          admissionReviewVersions: ['v1', 'v1beta1'],
          sideEffects: 'None',
          clientConfig: serviceAt('network-resources-injector-service', '/mutate'),
          namespaceSelector: {
            matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [namespace] }],
          },
          rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
        },
      ],
    },
    account('vsp-sa'),
    ...clusterRole('vsp-cluster-role', 'vsp-cluster-rolebinding', 'vsp-sa', [
      rule('', ['persistentvolumes'], ['get', 'list']),
    ]),
    network('dpunfcni-conf', namespace, { cniVersion: '0.4.0', name: 'dpu-cni', type: 'dpu-cni' }),
    network('default-sriov-net', 'default', { cniVersion: '0.4.0', name: 'dpu-cni', type: 'dpu-cni', ipam }),
  ];
  return made.map((object) => ({
    ...object,
    metadata: { ...(object as { metadata: object }).metadata, ownerReferences },
  }));
}

const injectorAccount = 'network-resources-injector-sa';

function daemonSet(): object {
  const labels = { app: 'dpu-daemon' };
  const paths = [
    ['devicesock', '/var/lib/kubelet/', '/var/lib/kubelet/'],
    ['dpu-daemon-mount', '/var/run/dpu-daemon', '/var/run/dpu-daemon'],
    ['cni-dir', '/opt/cni', '/var/lib/cni'],
    ['host-run', '/var/run/netns', '/var/run/netns'],
    ['host-root', '/', '/host'],
  ] as const;
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'dpu-daemon', namespace },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labels, component: 'network', type: 'infra' } },
        spec: {
          serviceAccountName: 'dpu-daemon-sa',
          hostNetwork: true,
          hostPID: true,
          nodeSelector: { dpu: 'true' },
          containers: [
            {
              name: 'dpu-daemon',
              image,
              command: node(daemon),
              securityContext: { privileged: true, runAsUser: 0 },
              volumeMounts: paths.map(([name, , mountPath]) => ({ name, mountPath })),
            },
          ],
          volumes: paths.map(([name, path]) => ({ name, hostPath: { path } })),
        },
      },
    },
  };
}

/** Kinds as that operator has them: fewer fields in the specs. */
export function kinds(): object[] {
  const any = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const text = { type: 'string' };
  return [
    kind('DpuOperatorConfig', 'dpuoperatorconfigs', 'Cluster', { logLevel: { type: 'integer' } }),
    kind('DataProcessingUnit', 'dataprocessingunits', 'Cluster', {
      dpuProductName: text,
      isDpuSide: { type: 'boolean' },
      nodeName: text,
    }),
    kind('DataProcessingUnitConfig', 'dataprocessingunitconfigs', 'Namespaced', { dpuSelector: any }),
    kind('ServiceFunctionChain', 'servicefunctionchains', 'Namespaced', {
      networkFunctions: { type: 'array', items: any },
    }),
  ];
}

function kind(name: string, plural: string, scope: string, spec: object): object {
  const any = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const properties = {
    spec: { type: 'object', properties: spec },
    status: any,
  };
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    subresources: { status: {} },
    schema: { openAPIV3Schema: { type: 'object', properties } },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.config.openshift.io` },
    spec: {
      group: 'config.openshift.io',
      scope,
      names: { kind: name, listKind: `${name}List`, plural, singular: name.toLowerCase(), ...shortNames(name) },
      versions: [version],
    },
  };
}

function shortNames(name: string): object {
  const known: Record<string, string> = { DataProcessingUnit: 'dpu', ServiceFunctionChain: 'sfc' };
  return known[name] ? { shortNames: [known[name]] } : {};
}

const account = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace },
});

const rule = (group: string, resources: string[], verbs: string[]) => ({ apiGroups: [group], resources, verbs });

function clusterRole(name: string, binding: string, serviceAccount: string, rules: object[]): object[] {
  return [
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: binding },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace }],
    },
  ];
}

function role(name: string, binding: string, rules: object[]): object[] {
  return [
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name, namespace }, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: binding, namespace },
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: 'dpu-operator-controller-manager', namespace }],
    },
  ];
}

const service = (name: string, selector: object, targetPort: number): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { selector, ports: [{ port: 443, targetPort }] },
});

const serviceAt = (name: string, path: string): object => ({ service: { name, namespace, path } });

const network = (name: string, where: string, config: object): object => ({
  apiVersion: 'k8s.cni.cncf.io/v1',
  kind: 'NetworkAttachmentDefinition',
  metadata: {
    name,
    namespace: where,
    annotations: { 'k8s.v1.cni.cncf.io/resourceName': 'openshift.io/dpu' },
  },
  spec: { config: JSON.stringify(config) },
});
