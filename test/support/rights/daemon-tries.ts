/** What somebody tries who took the token of the daemon on one node. */
import { namespace } from '../on-clusters/operator.ts';
import {
  admission,
  chains,
  clusterAdmin,
  configMaps,
  configs,
  daemonSets,
  dpuGroup,
  dpuObject,
  dpus,
  events,
  leases,
  nodes,
  own,
  pods,
  privilegedPod,
  rbac,
  requests,
  secrets,
} from './paths.ts';
import type { Try } from './token-client.ts';

export interface DaemonPlace {
  node: string;
  /** A DataProcessingUnit of that node. */
  dpu: string;
  /** Another node with a DPU, and its DataProcessingUnit. */
  otherNode: string;
  otherDpu: string;
  /** A PKCS #10 request, PEM, in base64. */
  request: string;
  /** The VSP pod of the DPU. */
  vspPod: string;
}

const apiVersion = 'config.openshift.io/v1';
const prefix = 'dpu.config.openshift.io';
const now = () => new Date().toISOString();

const condition = (type: string) => ({
  type,
  status: 'True',
  reason: 'Tried',
  message: 'tried',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

/** As the API server takes it: what is refused is refused by who asks. */
const evilPlugin = {
  name: 'evil',
  version: '1',
  image: 'evil',
  disturbsTraffic: false,
  pod: { privileged: true },
  settings: {},
  digest: 'a',
};

const merge = (what: string, path: string, body: object): Try => ({ what, method: 'PATCH', path, body });
const create = (what: string, path: string, body: object): Try => ({ what, method: 'POST', path, body });
const remove = (what: string, path: string): Try => ({ what, method: 'DELETE', path });
const get = (what: string, path: string): Try => ({ what, method: 'GET', path });
const apply = (what: string, path: string, body: object): Try => ({
  what,
  method: 'PATCH',
  path,
  body,
  patch: 'apply',
});

/** Another set of conditions and fields by the daemon's own field manager. */
const statusOf = (what: string, dpu: string, status: object): Try =>
  apply(what, `${dpus}/${dpu}/status`, { apiVersion, kind: 'DataProcessingUnit', metadata: { name: dpu }, status });

const leaseOf = (what: string, name: string): Try =>
  apply(what, `${leases}/${name}`, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace },
    spec: { holderIdentity: 'rights-try', leaseDurationSeconds: 35 },
  });

const requestOf = (what: string, signerName: string, request: string, usages: string[]): Try =>
  create(what, requests, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'rights-try' },
    spec: { request, signerName, usages },
  });

const eventOf = (what: string, regarding: object, reportingController = 'dpu-daemon'): Try =>
  create(what, events, {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'rights-try', namespace: 'default' },
    eventTime: now().replace('Z', '000Z'),
    reportingController,
    reportingInstance: 'rights-try',
    action: 'Try',
    reason: 'Tried',
    type: 'Normal',
    note: 'tried',
    regarding,
  });

/** The daemon's own work, which has to go through. */
export function daemonWork({ node, dpu, request }: DaemonPlace): Try[] {
  return [
    merge('label of its side on its node', `${nodes}/${node}`, {
      metadata: { labels: { [`${prefix}/dpuside`]: 'dpu' } },
    }),
    merge('label of its side off its node', `${nodes}/${node}`, {
      metadata: { labels: { [`${prefix}/dpuside`]: null } },
    }),
    create(
      'a DPU of its node',
      dpus,
      dpuObject('rights-try', node, {
        metadata: {
          labels: { [`${prefix}/node`]: node, [`${prefix}/side`]: 'host' },
          annotations: { [`${prefix}/plugin`]: 'p', [`${prefix}/identifier`]: 'i' },
          finalizers: [`${prefix}/daemon`],
        },
      }),
    ),
    merge('order of another VSP pod', `${dpus}/${dpu}`, {
      metadata: { annotations: { [`${prefix}/restart-vsp`]: now() } },
    }),
    remove('deletion of its DPU', `${dpus}/${dpu}`),
    statusOf('status of its DPU', dpu, {
      conditions: ['Ready', 'HostPorts', 'VfCount', 'Records', 'Channel', 'IdentifierUnique'].map(condition),
      vsp: { initialisedAt: '2026-01-01T00:00:00Z' },
      channel: { identity: 'spiffe://a/host/b/c' },
      chains: [{ name: 'a/b', phase: 'Ordered' }],
    }),
    leaseOf('renewal of its Lease', `dpu-daemon-${node}`),
    requestOf('request of a certificate', `${prefix}/channel`, request, ['digital signature', 'client auth']),
    eventOf('event about its node', { apiVersion: 'v1', kind: 'Node', name: node }),
    eventOf('event about its DPU', { apiVersion, kind: 'DataProcessingUnit', name: dpu }),
    get('the DpuOperatorConfig', `${dpuGroup}/dpuoperatorconfigs`),
    get('VendorPlugins', `${dpuGroup}/vendorplugins`),
    get('chains', `${dpuGroup}/servicefunctionchains`),
    get('ConfigMaps of the namespace', configMaps),
  ];
}

/** What a token that names no node must not do either, beside the daemon's work. */
export const nodelessTries = (): Try[] => [create('a DPU of no node', dpus, dpuObject('rights-try', ''))];

export function daemonTries(place: DaemonPlace): Try[] {
  return [...nodeTries(place), ...dpuTries(place), ...statusTries(place), ...otherTries(place)];
}

function nodeTries({ node, otherNode }: DaemonPlace): Try[] {
  const path = `${nodes}/${node}`;
  return [
    merge("another node's side label", `${nodes}/${otherNode}`, {
      metadata: { labels: { [`${prefix}/dpuside`]: 'dpu' } },
    }),
    merge("another node's dpu label off", `${nodes}/${otherNode}`, { metadata: { labels: { dpu: null } } }),
    merge("another node's taint", `${nodes}/${otherNode}`, { spec: { taints: [{ key: 'a', effect: 'NoExecute' }] } }),
    merge('its dpu label off', path, { metadata: { labels: { dpu: null } } }),
    merge('a role for its node', path, { metadata: { labels: { 'example.com/role': 'vault' } } }),
    merge('a strange side', path, { metadata: { labels: { [`${prefix}/dpuside`]: 'both' } } }),
    merge('an annotation on its node', path, { metadata: { annotations: { 'example.com/a': 'b' } } }),
    merge('a taint on its node', path, { spec: { taints: [{ key: 'a', effect: 'NoExecute' }] } }),
    merge('its node unschedulable', path, { spec: { unschedulable: true } }),
    merge('a finalizer on its node', path, { metadata: { finalizers: ['example.com/a'] } }),
    merge('an owner of its node', path, {
      metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node, uid: 'a' }] },
    }),
    merge("its node's status", `${path}/status`, { status: { capacity: { 'openshift.io/dpu': '99' } } }),
    remove('deletion of its node', path),
    create('another node', nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'rights-try' } }),
  ];
}

function dpuTries({ node, dpu, otherNode, otherDpu }: DaemonPlace): Try[] {
  const path = `${dpus}/${dpu}`;
  return [
    create("another node's DPU", dpus, dpuObject('rights-try', otherNode)),
    create('a DPU of no node', dpus, dpuObject('rights-try', '')),
    create('a DPU with plain text', dpus, dpuObject('rights-try', node, { spec: { channel: { security: 'plain' } } })),
    create(
      "a DPU with another node's label",
      dpus,
      dpuObject('rights-try', node, { metadata: { labels: { [`${prefix}/node`]: otherNode } } }),
    ),
    merge("another's DPU taken over", `${dpus}/${otherDpu}`, { spec: { nodeName: node } }),
    merge("another's product", `${dpus}/${otherDpu}`, { spec: { dpuProductName: 'a' } }),
    merge("restart of another's VSP", `${dpus}/${otherDpu}`, {
      metadata: { annotations: { [`${prefix}/restart-vsp`]: now() } },
    }),
    merge("another's finalizer off", `${dpus}/${otherDpu}`, { metadata: { finalizers: [] } }),
    remove("deletion of another's DPU", `${dpus}/${otherDpu}`),
    remove('deletion of all DPUs', dpus),
    merge('its DPU handed to another node', path, { spec: { nodeName: otherNode } }),
    merge('another number of VFs', path, { spec: { numVfs: 63 } }),
    merge('an expiry of ports', path, { spec: { hostPortsExpireAfterMinutes: 1 } }),
    merge('plain text on its DPU', path, { spec: { channel: { security: 'plain' } } }),
    merge('a label that a config may select', path, { metadata: { labels: { tier: 'gold' } } }),
    merge('an annotation of others', path, { metadata: { annotations: { 'example.com/a': 'b' } } }),
    merge('a finalizer of others', path, { metadata: { finalizers: [`${prefix}/daemon`, 'example.com/a'] } }),
    merge('an owner of its DPU', path, {
      metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node, uid: 'a' }] },
    }),
  ];
}

function statusTries({ dpu, otherDpu }: DaemonPlace): Try[] {
  return [
    statusOf("another's status", otherDpu, { conditions: [condition('Ready')] }),
    // With Ready: without it, where the operator said it once, a part of it would be left, which no schema takes.
    statusOf('another plugin', dpu, { plugin: evilPlugin, conditions: [condition('Ready')] }),
    statusOf('a condition of the operator', dpu, { conditions: [condition('Ready'), condition('Configured')] }),
    statusOf('a condition of nobody', dpu, { conditions: [condition('Ready'), condition('Blessed')] }),
    merge('all conditions off', `${dpus}/${dpu}/status`, { status: { conditions: [] } }),
  ];
}

function otherTries({ otherNode, request, vspPod }: DaemonPlace): Try[] {
  const binding = clusterAdmin('dpu-daemon');
  return [
    leaseOf("another node's Lease", `dpu-daemon-${otherNode}`),
    leaseOf("the operator's Lease", 'dpu-operator-controller-manager'),
    remove("deletion of another's Lease", `${leases}/dpu-daemon-${otherNode}`),
    requestOf('a certificate for the API server', 'kubernetes.io/kube-apiserver-client', request, [
      'digital signature',
      'client auth',
    ]),
    requestOf("a kubelet's certificate", 'kubernetes.io/kube-apiserver-client-kubelet', request, [
      'digital signature',
      'client auth',
    ]),
    eventOf('event as the kubelet', { apiVersion, kind: 'DataProcessingUnit', name: 'a' }, 'kubelet'),
    eventOf('event about another node', { apiVersion: 'v1', kind: 'Node', name: otherNode }),
    eventOf('event about a pod', { apiVersion: 'v1', kind: 'Pod', name: 'a', namespace: 'default' }),
    get('all pods', '/api/v1/pods'),
    create('a privileged pod', pods, privilegedPod(namespace)),
    create('a privileged pod in kube-system', '/api/v1/namespaces/kube-system/pods', privilegedPod('kube-system')),
    remove('deletion of a VSP pod', `${pods}/${vspPod}`),
    create('eviction of a VSP pod', `${pods}/${vspPod}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: vspPod, namespace },
    }),
    get('log of a VSP pod', `${pods}/${vspPod}/log`),
    get('Secrets of the namespace', secrets),
    get('the authority of the channel', `${secrets}/dpu-channel-ca`),
    get('all Secrets', '/api/v1/secrets'),
    create('a ConfigMap', configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'rights-try' } }),
    merge('the trust of the channel', `${configMaps}/dpu-channel-trust`, { data: { 'ca.crt': '' } }),
    get('ConfigMaps of kube-system', '/api/v1/namespaces/kube-system/configmaps'),
    create('a chain', chains, {
      apiVersion,
      kind: 'ServiceFunctionChain',
      metadata: { name: 'rights-try', namespace },
      spec: { networkFunctions: [{ name: 'a', image: 'b' }] },
    }),
    create('a config', configs, {
      apiVersion,
      kind: 'DataProcessingUnitConfig',
      metadata: { name: 'rights-try', namespace },
      spec: {},
    }),
    create('a plugin', `${dpuGroup}/vendorplugins`, {
      apiVersion,
      kind: 'VendorPlugin',
      metadata: { name: 'rights-try' },
      spec: { image: 'evil', version: 'latest' },
    }),
    merge('the DpuOperatorConfig', `${dpuGroup}/dpuoperatorconfigs/dpu-operator-config`, { spec: { logLevel: 1 } }),
    merge('its DaemonSet', `${daemonSets}/dpu-daemon`, { metadata: { labels: { a: 'b' } } }),
    create("the operator's token", `/api/v1${own}/serviceaccounts/dpu-operator-controller-manager/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    }),
    create('cluster-admin', `${rbac}/clusterrolebindings`, binding),
    remove('deletion of a policy', `${admission}/validatingadmissionpolicies/dpu-daemon-nodes`),
  ];
}
