/** The objects of a simulated fleet, of the size that real ones have. */
import {
  annotations,
  apiVersion,
  type Condition,
  configName,
  daemonLeaseLabels,
  daemonLeaseName,
  dataProcessingUnit,
  dataProcessingUnitConfig,
  dpuOperatorConfig,
  finalizers,
  labels,
  serviceFunctionChain,
  workloads,
} from '@dpu-operator/core/api';
import { type Applied, lease, microTime } from '@dpu-operator/core/kube';
import softwareDpu from '@dpu-operator/vsp-mock/package.json' with { type: 'json' };
import { namespace } from './control-plane.ts';

const product = softwareDpu.dpu.products[0]?.name;

/** The end of every name that is one node's: of one length, so that objects can be copied as they are stored. */
export const suffixOf = (index: number): string => `-${String(index).padStart(5, '0')}`;
export const nodeName = (index: number): string => `node${suffixOf(index)}`;
export const dpuName = (index: number): string => `dpu${suffixOf(index)}`;
export const daemonPodName = (index: number): string => `${workloads.daemon}${suffixOf(index)}`;
/** The config of one DPU. */
export const ownConfig = (index: number): string => `one${suffixOf(index)}`;
/** The DPU of a node. */
export const dpuOf = (node: string): string => node.replace(/^node/, 'dpu');

/** Every other node is a DPU side. */
const isDpuSide = (index: number): boolean => index % 2 === 1;

/** A node has fifty images; their names are the most of its object. */
const images = Array.from({ length: 50 }, (_, index) => ({
  names: [`registry.example.com/team/image-${index}@sha256:${'0123456789abcdef'.repeat(4)}`],
  sizeBytes: 100_000_000 + index,
}));

export function nodeObject(index: number): Applied {
  const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName(index),
      labels: {
        'kubernetes.io/hostname': nodeName(index),
        'kubernetes.io/arch': 'amd64',
        [labels.dpuNode]: 'true',
        [labels.nodeSide]: isDpuSide(index) ? 'dpu' : 'dpu-host',
      },
    },
    status: {
      addresses: [{ type: 'InternalIP', address }],
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: new Date().toISOString() }],
      nodeInfo: {
        architecture: 'amd64',
        bootID: '',
        containerRuntimeVersion: '',
        kernelVersion: '',
        kubeProxyVersion: '',
        kubeletVersion: '',
        machineID: '',
        operatingSystem: 'linux',
        osImage: '',
        systemUUID: '',
      },
      images,
    },
  };
}

export function leaseObject(index: number): Applied {
  const name = nodeName(index);
  return {
    apiVersion: lease.apiVersion,
    kind: lease.kind,
    metadata: { name: daemonLeaseName(name), namespace, labels: daemonLeaseLabels },
    // None falls silent while another thing is measured.
    spec: { holderIdentity: name, leaseDurationSeconds: 3_600, renewTime: microTime(new Date()) },
  };
}

/** @param plugin what has detected it */
export function dpuObject(index: number, plugin: string): Applied {
  return {
    apiVersion,
    kind: dataProcessingUnit.kind,
    metadata: {
      name: dpuName(index),
      labels: {
        [labels.node]: nodeName(index),
        [labels.side]: isDpuSide(index) ? 'dpu' : 'host',
        [labels.product]: 'software-dpu',
        [labels.vendor]: 'software-dpu',
      },
      annotations: { [annotations.plugin]: plugin, [annotations.identifier]: dpuName(index) },
      finalizers: [finalizers.daemon],
    },
    spec: { dpuProductName: product, isDpuSide: isDpuSide(index), nodeName: nodeName(index) },
  };
}

export function daemonPod(index: number, hash: string): Applied {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: daemonPodName(index),
      namespace,
      labels: { app: workloads.daemon },
      annotations: { [annotations.specHash]: hash },
    },
    spec: { nodeName: nodeName(index), containers: [{ name: 'daemon', image: 'dpu-operator/operator:dev' }] },
  };
}

export function configObject(name: string, numVfs: number, onlyNode?: string): Applied {
  return {
    apiVersion,
    kind: dataProcessingUnitConfig.kind,
    metadata: { name, namespace },
    spec: {
      numVfs,
      ...(onlyNode !== undefined && { dpuSelector: { matchLabels: { [labels.node]: onlyNode } } }),
    },
  };
}

export function chainObject(index: number): Applied {
  return {
    apiVersion,
    kind: serviceFunctionChain.kind,
    metadata: { name: `chain-${index}`, namespace },
    spec: { networkFunctions: [{ name: `nf-${index}`, image: 'example.com/nf:1' }] },
  };
}

export const operatorConfig: Applied = {
  apiVersion,
  kind: dpuOperatorConfig.kind,
  metadata: { name: configName },
  spec: {},
};

export function condition(type: string, status: 'True' | 'False', reason: string): Condition {
  const lastTransitionTime = `${new Date().toISOString().slice(0, 19)}Z`;
  return { type, status, reason, message: reason, lastTransitionTime };
}

/** As a daemon says it: the two sides of a card, a host and the next node, know each other. */
export function channelStatus(index: number): { identity: string; peers: string[] } {
  const identity = (of: number) => `spiffe://bench/${isDpuSide(of) ? 'dpu' : 'host'}/${nodeName(of)}/${dpuName(of)}`;
  return { identity: identity(index), peers: [identity(isDpuSide(index) ? index - 1 : index + 1)] };
}

/** The index of a DPU, by its name. */
export const indexOf = (dpu: string): number => Number(dpu.slice(dpu.lastIndexOf('-') + 1));

/** What a kubelet says of a pod that runs. */
export function runningStatus(containers: readonly { name: string; image?: string | undefined }[]) {
  const conditions = [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Ready', status: 'True' },
  ];
  const containerStatuses = containers.map(({ name, image }) => ({
    name,
    image,
    imageID: image,
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: { startedAt: new Date().toISOString() } },
  }));
  return { phase: 'Running', startTime: new Date().toISOString(), conditions, containerStatuses };
}

/** Of a pod whose VSP has ended three times. */
export function crashingStatus() {
  const startedAt = new Date().toISOString();
  const terminated = { exitCode: 1, reason: 'Error', message: 'this release is broken', startedAt };
  const vsp = {
    name: 'vsp',
    image: '',
    imageID: '',
    ready: false,
    started: false,
    restartCount: 2,
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
    lastState: { terminated },
  };
  const conditions = [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Ready', status: 'False' },
  ];
  return { phase: 'Running', startTime: startedAt, conditions, containerStatuses: [vsp] };
}
