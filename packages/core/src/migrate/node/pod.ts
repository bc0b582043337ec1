import { operatorNamespace } from '../../api/names/names.ts';
import {
  daemonDirectory,
  defaultKubeletRoot,
  netnsDirectory,
  podResourcesDirectory,
  shorten,
} from '../../api/names/paths.ts';
import { requiredScc } from '../../api/names/scc.ts';
import { hostPathVolumes } from '../../operator/config/host-paths.ts';
import type { Dpu } from './taken-over.ts';

export type NodeMode = 'look' | 'import' | 'restore';

export interface NodePodOptions {
  node: string;
  mode: NodeMode;
  /** The operator's. */
  image: string;
  /** The node's directory that the Go daemon has as /var/lib/cni. */
  cniDirectory: string;
  dpus: readonly Dpu[];
}

export const nodePodName = (node: string, mode: NodeMode): string => `dpu-migrate-${mode}-${shorten(node, 200)}`;

export const nodePodLabel = 'dpu-operator-migration';

/** The pod that reads what the Go daemon keeps on a node, and writes what ours keeps. */
export function renderNodePod({ node, mode, image, cniDirectory, dpus }: NodePodOptions): object {
  const { volumes, volumeMounts } = hostPathVolumes([
    { path: daemonDirectory, create: true, readOnly: mode === 'look' },
    { path: cniDirectory, create: true, readOnly: mode !== 'restore' },
    { path: netnsDirectory, create: true, propagation: 'HostToContainer' },
    { path: podResourcesDirectory(defaultKubeletRoot) },
  ]);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: nodePodName(node, mode),
      namespace: operatorNamespace,
      labels: { app: nodePodLabel },
      annotations: requiredScc('privileged'),
    },
    spec: {
      nodeName: node,
      restartPolicy: 'Never',
      hostNetwork: true,
      automountServiceAccountToken: false,
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'migrate',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['node', '/opt/dpu-operator/migrate-node.mjs', mode],
          env: [
            { name: 'DPUS', value: JSON.stringify(dpus) },
            { name: 'GO_DIRECTORY', value: `${cniDirectory}/dpusriov` },
            { name: 'POD_NAME', value: nodePodName(node, mode) },
            { name: 'NAMESPACE', value: operatorNamespace },
          ],
          resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } },
          // It enters the pods' network namespaces.
          securityContext: { privileged: true, runAsUser: 0 },
          volumeMounts,
        },
      ],
      volumes,
    },
  };
}
