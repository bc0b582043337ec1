import { stringify } from 'yaml';
import { roleLabel } from './types.ts';

interface Circumstances {
  builtImage: boolean;
  cgroupV1: boolean;
}

const nodes = [
  { role: 'control-plane' },
  { role: 'worker', labels: { [roleLabel]: 'host' } },
  { role: 'worker', labels: { [roleLabel]: 'dpu' } },
];

export const nodeCount = nodes.length;

/** Kind's configuration: a control plane and one worker for each side of a DPU. */
export function kindConfig({ builtImage, cgroupV1 }: Circumstances): string {
  const patches: object[] = [];
  if (cgroupV1) {
    patches.push({ kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1', failCgroupV1: false });
  }
  if (builtImage) {
    // Replaces Kind's own list, so its "preflight" is named again; CoreDNS has no image in a node built here.
    patches.push({
      kind: 'InitConfiguration',
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      skipPhases: ['preflight', 'addon/coredns'],
    });
  }
  return stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: { ipFamily: 'ipv4', apiServerAddress: '127.0.0.1', disableDefaultCNI: builtImage },
    kubeadmConfigPatches: patches.map((patch) => stringify(patch)),
    nodes,
  });
}
