/** What somebody tries who took the operator's token, beside what the operator does itself. */
import { namespace } from '../on-clusters/operator.ts';
import {
  admission,
  clusterAdmin,
  configMaps,
  configs,
  daemonSets,
  dpuGroup,
  dpus,
  nodes,
  own,
  pods,
  privilegedPod,
  rbac,
  secrets,
} from './paths.ts';
import type { Try } from './token-client.ts';

export interface OperatorPlace {
  node: string;
  otherNode: string;
  dpu: string;
  daemonPod: string;
}

const apiVersion = 'config.openshift.io/v1';
const prefix = 'dpu.config.openshift.io';
const vspLabels = { app: 'vsp', 'dpu-name': 'a' };
const chainLabels = { [`${prefix}/chain`]: 'a' };

/** As the operator makes its pods: only where a daemon runs. */
const affinity = {
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      {
        labelSelector: { matchLabels: { app: 'dpu-daemon' } },
        namespaces: [namespace],
        topologyKey: 'kubernetes.io/hostname',
      },
    ],
  },
};

const vspPod = (more: object = {}) =>
  privilegedPod(namespace, { labels: vspLabels, spec: { serviceAccountName: 'dpu-vsp', affinity, ...more } });
const chainPod = (place: string, more: object = {}, moreLabels: object = {}) =>
  privilegedPod(place, { labels: { ...chainLabels, ...moreLabels }, spec: { affinity, ...more } });

const daemonSet = (name: string, spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { app: 'a' } },
    template: {
      metadata: { labels: { app: 'a' } },
      spec: { containers: [{ name: 'c', image: 'none', securityContext: { privileged: true } }], ...spec },
    },
  },
});

/** @param more what follows the type in the network's configuration */
const network = (place: string, name: string, more = '', type = 'dpu-cni') => ({
  apiVersion: 'k8s.cni.cncf.io/v1',
  kind: 'NetworkAttachmentDefinition',
  metadata: { name, namespace: place, labels: { 'dpu.config.openshift.io/dpu-network': 'rights' } },
  spec: { config: `{"cniVersion":"1.0.0","name":"${name}","type":"${type}"${more}}` },
});
const networks = (place: string) => `/apis/k8s.cni.cncf.io/v1/namespaces/${place}/network-attachment-definitions`;

const create = (what: string, path: string, body: object): Try => ({ what, method: 'POST', path, body });
const merge = (what: string, path: string, body: object): Try => ({ what, method: 'PATCH', path, body });
const remove = (what: string, path: string): Try => ({ what, method: 'DELETE', path });
const applyNetwork = (what: string, place: string, name: string, more?: string): Try => ({
  ...merge(what, `${networks(place)}/${name}`, network(place, name, more)),
  patch: 'apply',
});
const get = (what: string, path: string): Try => ({ what, method: 'GET', path });

/**
 * The operator's own work, which has to go through.
 *
 * @param odd a pod of a chain that has another shape than the operator's, in the operator's namespace
 */
export function operatorWork(odd: string): Try[] {
  return [
    create('a VSP pod', pods, vspPod()),
    create("a chain's pod", pods, chainPod(namespace)),
    remove("deletion of a chain's pod that a webhook changed", `${pods}/${odd}`),
    create('a lock of a plugin', configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'plugin-try', namespace },
    }),
    applyNetwork('the network of network functions', namespace, 'dpunfcni-conf'),
    applyNetwork('the network of ordinary pods', 'default', 'default-sriov-net', ',"ipam":{"type":"host-local"}'),
    applyNetwork(
      'the network of a DpuNetwork',
      'default',
      'rights-nad',
      ',"ipam":{"type":"dhcp"},"BridgeID":"0a1b2c3d"',
    ),
  ];
}

/** A pod as a webhook leaves it that puts variables into every pod. */
export const oddChainPod = (name: string) => {
  const container = { name: 'c', image: 'none', env: [{ name: 'PROXY', value: 'a' }] };
  // Nobody has to run it.
  const spec = { containers: [container], schedulingGates: [{ name: 'example.com/never' }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: chainLabels }, spec };
};

export function operatorTries(place: OperatorPlace): Try[] {
  return [...podTries(place), ...secretTries(), ...networkTries(), ...objectTries(place), ...clusterTries(place)];
}

function podTries({ node, daemonPod }: OperatorPlace): Try[] {
  return [
    create('a privileged pod', pods, privilegedPod(namespace)),
    create('a VSP pod with its own rights', pods, vspPod({ serviceAccountName: 'dpu-operator-controller-manager' })),
    create('a VSP pod put on a node', pods, vspPod({ nodeName: node })),
    create('a VSP pod on any node', pods, vspPod({ affinity: {} })),
    create('a pod in kube-system', '/api/v1/namespaces/kube-system/pods', privilegedPod('kube-system')),
    create('a VSP pod in default', '/api/v1/namespaces/default/pods', privilegedPod('default', { labels: vspLabels })),
    create("a chain's pod in default", '/api/v1/namespaces/default/pods', chainPod('default')),
    create("a chain's pod on any node", pods, chainPod(namespace, { affinity: {} })),
    create("a chain's pod that looks like a daemon", pods, chainPod(namespace, {}, { app: 'dpu-daemon' })),
    create(
      "a chain's pod with the node's files",
      pods,
      chainPod(namespace, { volumes: [{ name: 'root', hostPath: { path: '/' } }] }),
    ),
    create("a chain's pod with the node's network", pods, chainPod(namespace, { hostNetwork: true })),
    remove("deletion of a daemon's pod", `${pods}/${daemonPod}`),
    create('another DaemonSet', daemonSets, daemonSet('rights-try', {})),
    create('the daemon on every node', daemonSets, daemonSet('dpu-daemon', { serviceAccountName: 'dpu-daemon' })),
  ];
}

/** Ways in which a pod gets at a Secret of its namespace, which may be another than the operator's. */
function secretTries(): Try[] {
  const secretKeyRef = { name: 'a', key: 'a' };
  const container = { name: 'c', image: 'none' };
  const env = [{ name: 'A', valueFrom: { secretKeyRef } }];
  const envFrom = [{ secretRef: { name: 'a' } }];
  const withSpec = (what: string, spec: object) =>
    create(`a chain's pod with ${what}`, pods, chainPod(namespace, spec));
  const withVolume = (what: string, volume: object) => withSpec(what, { volumes: [{ name: 'v', ...volume }] });
  return [
    withSpec("a Secret's variable", { containers: [{ ...container, env }] }),
    withSpec("all of a Secret's variables", { containers: [{ ...container, envFrom }] }),
    withSpec('an init container', { initContainers: [{ ...container, name: 'i' }] }),
    withSpec("a Secret's variable in an init container", { initContainers: [{ ...container, name: 'i', env }] }),
    withVolume('a Secret', { secret: { secretName: 'a' } }),
    withVolume('a Secret beside its token', { projected: { sources: [{ secret: { name: 'a' } }] } }),
    withVolume('a ConfigMap', { projected: { sources: [{ configMap: { name: 'a' } }] } }),
    withVolume('a claimed volume', { persistentVolumeClaim: { claimName: 'a' } }),
    withVolume('a volume of a driver', { csi: { driver: 'a', nodePublishSecretRef: { name: 'a' } } }),
    withVolume('a volume of an old driver', { flexVolume: { driver: 'a/b', secretRef: { name: 'a' } } }),
  ];
}

function networkTries(): Try[] {
  const name = 'default-sriov-net';
  const ipam = ',"ipam":{"type":"host-local"}';
  return [
    create('a network of another type', networks('default'), network('default', name, ipam, 'host-device')),
    create('a network of another name', networks('default'), network('default', 'rights-try')),
    applyNetwork('a second type for network functions', namespace, 'dpunfcni-conf', ',"type":"host-device"'),
    applyNetwork('a second type', 'default', name, `${ipam},"type":"host-device"`),
    applyNetwork('a second type in capitals', 'default', name, `${ipam},"TYPE":"host-device"`),
    applyNetwork('a second type for a DpuNetwork', 'default', 'rights-nad', ',"mtu":1400,"Type":"host-device"'),
    applyNetwork('a DpuNetwork elsewhere', namespace, 'rights-nad'),
    applyNetwork('a second type in escapes', 'default', name, `${ipam},"\\u0074ype":"host-device"`),
  ];
}

function objectTries({ dpu, otherNode }: OperatorPlace): Try[] {
  return [
    get('Secrets of the namespace', secrets),
    get('Secrets of kube-system', '/api/v1/namespaces/kube-system/secrets'),
    create("a Secret with a daemon's token", secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'dpu-channel-ca',
        namespace,
        annotations: { 'kubernetes.io/service-account.name': 'dpu-daemon' },
      },
      type: 'kubernetes.io/service-account-token',
    }),
    create('another Secret', secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'rights-try', namespace },
    }),
    create('another ConfigMap', configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'rights-try', namespace },
    }),
    remove('deletion of what was revoked', `${configMaps}/dpu-channel-trust`),
    merge('another namespace for chains', `${dpuGroup}/dpuoperatorconfigs/dpu-operator-config`, {
      spec: { chainNamespaces: ['kube-system'] },
    }),
    create('a plugin', `${dpuGroup}/vendorplugins`, {
      apiVersion,
      kind: 'VendorPlugin',
      metadata: { name: 'rights-try' },
      spec: { image: 'evil', version: 'latest' },
    }),
    create('a config', configs, {
      apiVersion,
      kind: 'DataProcessingUnitConfig',
      metadata: { name: 'rights-try', namespace },
      spec: {},
    }),
    merge('a DPU handed to another node', `${dpus}/${dpu}`, { spec: { nodeName: otherNode } }),
    merge('a label that a config may select', `${dpus}/${dpu}`, { metadata: { labels: { tier: 'gold' } } }),
  ];
}

function clusterTries({ node }: OperatorPlace): Try[] {
  return [
    merge('a label of a node', `${nodes}/${node}`, { metadata: { labels: { dpu: 'true' } } }),
    create("the daemon's token", `/api/v1${own}/serviceaccounts/dpu-daemon/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    }),
    create('cluster-admin', `${rbac}/clusterrolebindings`, clusterAdmin('dpu-operator-controller-manager')),
    remove('deletion of a policy', `${admission}/validatingadmissionpolicies/dpu-operator-pods`),
  ];
}
