import type { DpuOperatorConfig } from '../../api/kinds/dpu-operator-config.ts';
import { annotations, labels, workloads } from '../../api/names/names.ts';
import {
  daemonDirectory,
  daemonStartedFile,
  defaultKubeletRoot,
  deviceInfoDirectory,
  devicePluginDirectories,
  netnsDirectory,
  podResourcesDirectory,
} from '../../api/names/paths.ts';
import { ports } from '../../api/names/ports.ts';
import { requiredScc } from '../../api/names/scc.ts';
import { type Applied, controllerReference, daemonSet } from '../../kube/index.ts';
import { defaultMaxUnavailable } from '../dpu/rollout/fleet/policy.ts';
import { hashOf } from '../shared/canonical-json.ts';
import type { Environment } from '../shared/environment.ts';
import { daemonFlags, nodeVariables } from '../shared/node-process.ts';
import type { NodeDirectories } from './flavour.ts';
import { type HostPath, hostPathVolumes } from './host-paths.ts';

/**
 * Where an administrator wants a daemon, and where one has not finished yet: it takes its own label off the node as its
 * last act. Terms are alternatives.
 */
export const nodeSelectorTerms = [
  { matchExpressions: [{ key: labels.dpuNode, operator: 'In', values: ['true'] }] },
  { matchExpressions: [{ key: labels.nodeSide, operator: 'Exists' }] },
];

/** Whether a node with these labels is to have a daemon. */
export function hasDaemon(nodeLabels: Record<string, string>): boolean {
  return nodeLabels[labels.dpuNode] === 'true' || labels.nodeSide in nodeLabels;
}

/** The daemon on every node labelled `dpu=true`, and on one that was until its daemon has cleaned up. */
export function renderDaemonSet(
  config: DpuOperatorConfig,
  environment: Environment,
  directories: NodeDirectories,
): Applied {
  const selector = { app: workloads.daemon };
  return {
    apiVersion: daemonSet.apiVersion,
    kind: daemonSet.kind,
    metadata: {
      name: workloads.daemon,
      namespace: environment.namespace,
      labels: selector,
      ownerReferences: [controllerReference(config)],
    },
    spec: {
      selector: { matchLabels: selector },
      updateStrategy: {
        type: 'RollingUpdate',
        rollingUpdate: { maxUnavailable: config.spec.rollout?.maxUnavailable ?? defaultMaxUnavailable },
      },
      template: {
        metadata: {
          labels: selector,
          annotations: {
            ...requiredScc('privileged'),
            [annotations.specHash]: daemonPodHash(config, environment, directories),
          },
        },
        spec: daemonPodSpec(config, environment, directories),
      },
    },
  };
}

/** What the annotation of the daemons' pods says: another text for another release, or another configuration. */
export function daemonPodHash(...from: Parameters<typeof daemonPodSpec>): string {
  return hashOf(daemonPodSpec(...from));
}

function daemonPodSpec(config: DpuOperatorConfig, environment: Environment, directories: NodeDirectories) {
  const { kubeletRoot = defaultKubeletRoot } = config.spec;
  const paths: HostPath[] = [
    { path: daemonDirectory, create: true },
    ...devicePluginDirectories(kubeletRoot).map((path) => ({ path, create: true })),
    { path: podResourcesDirectory(kubeletRoot), create: true },
    { path: deviceInfoDirectory, create: true },
    // Pods' namespaces appear in it after the daemon has started.
    { path: netnsDirectory, create: true, propagation: 'HostToContainer' },
    { path: directories.cniBin, create: true },
    ...(environment.sysfs ? [{ path: environment.sysfs, readOnly: true }] : []),
  ];
  const { volumes, volumeMounts } = hostPathVolumes(paths);
  return {
    serviceAccountName: workloads.daemon,
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    hostNetwork: true,
    // The daemon runs IPAM plugins in the mount namespace of the node's first process, with the node's files.
    hostPID: true,
    dnsPolicy: 'ClusterFirstWithHostNet',
    priorityClassName: 'system-node-critical',
    tolerations: [{ operator: 'Exists' }],
    terminationGracePeriodSeconds: 20,
    containers: [
      {
        name: 'daemon',
        image: environment.operatorImage,
        imagePullPolicy: environment.imagePullPolicy,
        command: ['node', ...daemonFlags, '/opt/dpu-operator/daemon.mjs'],
        env: daemonVariables(config, environment, directories),
        securityContext: {
          privileged: true,
          // The image's own user is none.
          runAsUser: 0,
        },
        // With the IPAM plugins that it runs. The container at most (cgroup, with the page cache): 133 MiB over an upgrade and
        // back, 59 MiB while 64 pods are attached at once.
        resources: {
          requests: { cpu: '20m', memory: '96Mi' },
          limits: { memory: '512Mi' },
        },
        // The node's port says nothing of a daemon that waits for another to end. Ten minutes, then it starts anew.
        startupProbe: {
          exec: { command: ['test', '-e', daemonStartedFile] },
          periodSeconds: 1,
          timeoutSeconds: 10,
          failureThreshold: 600,
        },
        readinessProbe: {
          httpGet: { path: '/readyz', port: ports.daemonHealth, host: '127.0.0.1', scheme: 'HTTP' },
          periodSeconds: 5,
          timeoutSeconds: 5,
        },
        // One whose event loop stands still for two minutes is started anew.
        livenessProbe: {
          httpGet: { path: '/healthz', port: ports.daemonHealth, host: '127.0.0.1', scheme: 'HTTP' },
          periodSeconds: 20,
          timeoutSeconds: 10,
          failureThreshold: 6,
        },
        volumeMounts,
      },
    ],
    volumes,
  };
}

function daemonVariables(config: DpuOperatorConfig, environment: Environment, directories: NodeDirectories) {
  return [
    ...nodeVariables,
    { name: 'K8S_NODE', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } },
    { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    { name: 'NAMESPACE', value: environment.namespace },
    { name: 'CNI_BIN_DIR', value: directories.cniBin },
    { name: 'KUBELET_ROOT', value: config.spec.kubeletRoot ?? defaultKubeletRoot },
    { name: 'HOST_PROCESS', value: '/proc/1' },
    { name: 'HEALTH_PORT', value: String(ports.daemonHealth) },
    { name: 'METRICS_PORT', value: String(ports.daemonMetrics) },
    ...(environment.sysfs ? [{ name: 'DPU_SYSFS', value: environment.sysfs }] : []),
  ];
}
