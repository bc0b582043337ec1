import { createHash } from 'node:crypto';
import type { DataProcessingUnit } from '../api/data-processing-unit.ts';
import { annotations, labels, workloads } from '../api/names.ts';
import { shorten, vspDirectory, vspSocketMount } from '../api/paths.ts';
import { type Applied, controllerReference, pod } from '../kube/index.ts';
import type { InstalledPlugin } from '../plugins/installed.ts';
import type { Environment } from './environment.ts';
import { type HostPath, hostPathVolumes } from './host-paths.ts';
import { nodeFlags, nodeVariables } from './node-process.ts';

/** Names of pods have 253 characters, values of labels 63. */
export function vspPodName(dpuName: string): string {
  return `vsp-${shorten(dpuName, 249)}`;
}

function vspPodLabels(dpuName: string): Record<string, string> {
  return { app: 'vsp', [labels.dpuName]: shorten(dpuName, 63) };
}

/** The pod that runs a DPU's vendor plugin on the DPU's node. Its annotation tells what it was made from. */
export function renderVspPod(
  dpu: DataProcessingUnit,
  plugin: InstalledPlugin,
  settings: unknown,
  environment: Environment,
): Applied {
  const spec = podSpec(dpu, plugin, settings, environment);
  const specHash = createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 16);
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata: {
      name: vspPodName(dpu.metadata.name),
      namespace: environment.namespace,
      labels: vspPodLabels(dpu.metadata.name),
      annotations: { [annotations.specHash]: specHash, [annotations.plugin]: plugin.packageName },
      ownerReferences: [controllerReference(dpu)],
    },
    spec,
  };
}

function podSpec(dpu: DataProcessingUnit, plugin: InstalledPlugin, settings: unknown, environment: Environment) {
  const { privileged, capabilities, hostPaths, hostNetwork } = plugin.manifest.privileges;
  const socket = { path: vspDirectory(dpu.metadata.name), at: vspSocketMount, create: true };
  const paths: (HostPath & { at?: string })[] = [socket, ...hostPaths];
  const { volumes, volumeMounts } = hostPathVolumes(paths);
  return {
    serviceAccountName: workloads.vsp,
    automountServiceAccountToken: false,
    affinity: onNode(dpu.spec.nodeName),
    tolerations: [{ operator: 'Exists' }],
    priorityClassName: 'system-node-critical',
    ...(hostNetwork && { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
    terminationGracePeriodSeconds: 10,
    containers: [
      {
        name: 'vsp',
        image: environment.vspImage,
        imagePullPolicy: environment.imagePullPolicy,
        command: ['node', ...nodeFlags, '/opt/dpu-vsp/dpu-vsp.mjs', 'serve', '--plugin', plugin.directory],
        env: [
          ...nodeVariables,
          { name: 'DPU_NAME', value: dpu.metadata.name },
          { name: 'DPU_SETTINGS', value: JSON.stringify(settings) },
          { name: 'K8S_NODE', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } },
          { name: 'NODE_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.hostIP' } } },
        ],
        securityContext: {
          ...(privileged && { privileged: true }),
          ...(capabilities.length > 0 && { capabilities: { add: capabilities } }),
        },
        resources: { requests: { cpu: '10m', memory: '64Mi' } },
        volumeMounts,
      },
    ],
    volumes,
  };
}

/** By the scheduler and not by nodeName: a pod that does not fit then says why. */
function onNode(name: string) {
  const terms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }];
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } };
}
