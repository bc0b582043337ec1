import { createHash } from 'node:crypto';
import type { DataProcessingUnit } from '../api/data-processing-unit.ts';
import { annotations, labels, workloads } from '../api/names.ts';
import { shorten, vspDirectory, vspPodName, vspSocketMount } from '../api/paths.ts';
import type { PluginRun } from '../api/plugin-run.ts';
import { type Applied, controllerReference, pod } from '../kube/index.ts';
import { installedDirectory, installedPackage } from '../plugins/install/directory.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Environment } from './environment.ts';
import { type HostPath, hostPathVolumes } from './host-paths.ts';
import { nodeVariables, vspFlags } from './node-process.ts';
import { onNode } from './on-node.ts';
import { aliveVariable, livenessProbe } from './vsp-probe.ts';
import { containerSecurity } from './vsp-security.ts';

/** Values of labels have 63 characters. */
export function vspPodLabels(app: string, dpuName: string): Record<string, string> {
  return { app, [labels.dpuName]: shorten(dpuName, 63) };
}

/** The pod that runs a DPU's vendor plugin on the DPU's node. Its annotation tells what it was made from. */
export function renderVspPod(dpu: DataProcessingUnit, run: PluginRun, environment: Environment): Applied {
  const spec = podSpec(dpu, run, environment);
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata: {
      name: vspPodName(dpu.metadata.name),
      namespace: environment.namespace,
      labels: vspPodLabels('vsp', dpu.metadata.name),
      annotations: { [annotations.specHash]: hashOf(spec), [annotations.plugin]: run.name },
      ownerReferences: [controllerReference(dpu)],
    },
    spec,
  };
}

/** What the annotation of a run's pod says. */
export function vspPodHash(dpu: DataProcessingUnit, run: PluginRun, environment: Environment): string {
  return hashOf(podSpec(dpu, run, environment));
}

function hashOf(spec: object): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 16);
}

function podSpec(dpu: DataProcessingUnit, run: PluginRun, environment: Environment) {
  const { privileges, settings } = run;
  const socket = { path: vspDirectory(dpu.metadata.name), at: vspSocketMount, create: true };
  const code = codeOf(run);
  const paths: (HostPath & { at?: string })[] = [socket, ...code.mounts, ...privileges.hostPaths];
  const { volumes, volumeMounts } = hostPathVolumes(paths);
  const scratch = code.command && !privileges.privileged ? scratchDirectories : [];
  return {
    serviceAccountName: workloads.vsp,
    automountServiceAccountToken: false,
    affinity: onNode(dpu.spec.nodeName),
    tolerations: [{ operator: 'Exists' }],
    priorityClassName: 'system-node-critical',
    ...(privileges.hostNetwork && { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
    terminationGracePeriodSeconds: 10,
    containers: [
      {
        name: 'vsp',
        image: run.image,
        imagePullPolicy: environment.imagePullPolicy,
        ...(code.command && { command: code.command }),
        env: [
          ...(code.command ? [...nodeVariables, aliveVariable] : []),
          { name: 'DPU_NAME', value: dpu.metadata.name },
          { name: 'DPU_SIDE', value: dpu.spec.isDpuSide ? 'dpu' : 'host' },
          { name: 'DPU_SETTINGS', value: canonicalJson(settings) },
          { name: 'K8S_NODE', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } },
          { name: 'NODE_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.hostIP' } } },
        ],
        securityContext: {
          ...containerSecurity(privileges),
          ...(scratch.length > 0 && { readOnlyRootFilesystem: true }),
        },
        ...(code.command && { livenessProbe }),
        // Why it ended is told by the DPU's condition.
        terminationMessagePolicy: 'FallbackToLogsOnError',
        resources: { requests: { cpu: '10m', memory: '64Mi' } },
        volumeMounts: [...volumeMounts, ...scratch.map(({ name, path }) => ({ name, mountPath: path }))],
      },
    ],
    volumes: [...volumes, ...scratch.map(({ name }) => ({ name, emptyDir: {} }))],
  };
}

/** All that a plugin may write to where it is not privileged: its image and its package are read-only. */
const scratchDirectories = [
  { name: 'scratch-tmp', path: '/tmp' },
  { name: 'scratch-run', path: '/run' },
];

/** A VSP that is only an image starts as it is made to. */
function codeOf(run: PluginRun): { command?: string[]; mounts: HostPath[] } {
  const serve = (directory: string) => [
    'node',
    ...vspFlags,
    '/opt/dpu-vsp/dpu-vsp.mjs',
    'serve',
    '--plugin',
    directory,
  ];
  if (run.directory) return { command: serve(run.directory), mounts: [] };
  if (!run.package || !run.lock) return { mounts: [] };
  const installed = { packageName: run.package, version: run.version, lock: run.lock };
  const mount = { path: installedDirectory(installed), readOnly: true };
  return { command: serve(installedPackage(installed)), mounts: [mount] };
}
