import { stringify } from 'yaml';
import { type Role, roleLabel } from '../types.ts';

interface Circumstances {
  /** Sides of a DPU that the workers play, one each. */
  sides: readonly Side[];
  /** Address range of pods, which no cluster beside this one may have: their nodes share a network. */
  podSubnet: string;
  builtImage: boolean;
  cgroupV1: boolean;
}

const apiVersion = 'kubeadm.k8s.io/v1beta4';

/**
 * A control plane of one, whose data nobody misses: nothing is elected, since a leader that is late on a busy machine ends
 * itself, and nothing waits for the disk.
 */
const controlPlane = {
  kind: 'ClusterConfiguration',
  apiVersion,
  // Replaces Kind's own list of the controller manager.
  controllerManager: {
    extraArgs: [
      { name: 'enable-hostpath-provisioner', value: 'true' },
      { name: 'leader-elect', value: 'false' },
    ],
  },
  scheduler: { extraArgs: [{ name: 'leader-elect', value: 'false' }] },
  etcd: { local: { extraArgs: [{ name: 'unsafe-no-fsync', value: 'true' }] } },
};

/** Guards, with room for a busy machine: a container's first words can take minutes there. */
const patience = '15m0s';
const timeouts = {
  controlPlaneComponentHealthCheck: patience,
  discovery: patience,
  etcdAPICall: patience,
  kubeletHealthCheck: patience,
  kubernetesAPICall: patience,
  tlsBootstrap: patience,
};

/** What a worker plays. */
export type Side = Exclude<Role, 'control-plane'>;

/** Kind's configuration: a control plane and one worker for each side of a DPU. */
export function kindConfig({ sides, podSubnet, builtImage, cgroupV1 }: Circumstances): string {
  const patches: object[] = [
    controlPlane,
    { kind: 'InitConfiguration', apiVersion, timeouts },
    { kind: 'JoinConfiguration', apiVersion, timeouts },
  ];
  if (cgroupV1) {
    patches.push({ kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1', failCgroupV1: false });
  }
  if (builtImage) {
    // Replaces Kind's own list, so its "preflight" is named again; CoreDNS has no image in a node built here.
    patches.push({
      kind: 'InitConfiguration',
      apiVersion,
      skipPhases: ['preflight', 'addon/coredns'],
    });
  }
  return stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: { ipFamily: 'ipv4', apiServerAddress: '127.0.0.1', podSubnet, disableDefaultCNI: builtImage },
    kubeadmConfigPatches: patches.map((patch) => stringify(patch)),
    nodes: [
      { role: 'control-plane' },
      ...sides.map((side) => ({
        role: 'worker',
        labels: { [roleLabel]: side },
      })),
    ],
  });
}
