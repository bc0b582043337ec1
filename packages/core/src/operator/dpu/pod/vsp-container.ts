/** The containers of a VSP's pod: the plugin's own, and those of its companions. */
import type { PluginRun, RunCompanion } from '../../../api/fields/plugin-run.ts';
import type { DataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import { annotations } from '../../../api/names/names.ts';
import { vspDirectory, vspSocketMount } from '../../../api/names/paths.ts';
import { installedDirectory, installedPackage } from '../../../plugins/install/directory.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import type { Environment } from '../../shared/environment.ts';
import { init, nodeVariables, vspFlags } from '../../shared/node-process.ts';
import {
  containerResources,
  filesMount,
  needsMounts,
  nodePath,
  type PodVolumes,
  type VolumeMount,
} from './pod-volumes.ts';
import { aliveVariable, livenessProbe, startupProbe } from './vsp-probe.ts';
import { containerSecurity } from './vsp-security.ts';

interface Variable {
  name: string;
  value?: string;
  valueFrom?: object;
}

/** Where a VSP finds the keys of its Secret and ConfigMap; it is told by variables. */
const filesDirectory = '/var/run/dpu-vsp';

/**
 * Of a plugin that runs in the plugin host and says nothing of its memory. The software DPU's container at most (cgroup,
 * with the page cache): 59 MiB while 64 pods are attached at once; a host that is never quiet 134 MiB (host/command/memory.ts).
 */
const hostLimits = { memory: '512Mi' };

/** Where a VSP and its companions meet. */
const sharedDirectory = '/var/run/dpu-shared';

/** All that a plugin may write to where it is not privileged: its image and its package are read-only. */
const scratchDirectories = [
  { name: 'tmp', path: '/tmp' },
  { name: 'run', path: '/run' },
];

/** The container of the plugin. What it mounts is added to the volumes. */
export function vspContainer(dpu: DataProcessingUnit, run: PluginRun, environment: Environment, volumes: PodVolumes) {
  const { pod, overlay } = run;
  const code = codeOf(run, environment, volumes);
  const isReadOnly = code.command !== undefined && !pod.privileged;
  const command = code.command ?? overlay?.command;
  return {
    name: 'vsp',
    image: run.image,
    imagePullPolicy: environment.imagePullPolicy,
    ...(command && { command }),
    ...(overlay?.args && { args: overlay.args }),
    env: [...code.variables, ...ownVariables(dpu, run), ...otherVariables(run)],
    securityContext: {
      ...containerSecurity(pod),
      ...(overlay?.runAsUser !== undefined && { runAsUser: overlay.runAsUser }),
      ...(isReadOnly && { readOnlyRootFilesystem: true }),
    },
    ...(code.command && { startupProbe, livenessProbe }),
    // Why it ended is told by the DPU's condition.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: containerResources(pod.resources, code.command ? hostLimits : {}),
    volumeMounts: [
      volumes.mount(nodePath(vspDirectory(dpu.metadata.name), 'DirectoryOrCreate'), vspSocketMount),
      ...code.mounts,
      ...needsMounts(pod, volumes),
      ...fileMounts(run, volumes),
      ...sharedMount(run, volumes),
      ...(overlay?.volumeMounts ?? []),
      ...(isReadOnly ? scratchDirectories.map(({ name, path }) => volumes.scratch(name, path)) : []),
    ],
  };
}

/**
 * As init containers that go on: they start before the plugin, in the manifest's order, and end after it
 * (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/).
 */
export function companionContainers(run: PluginRun, { imagePullPolicy }: Environment, volumes: PodVolumes) {
  return run.pod.companions.map((companion: RunCompanion) => ({
    name: companion.name,
    image: companion.image,
    imagePullPolicy,
    restartPolicy: 'Always',
    ...(companion.command && { command: companion.command }),
    ...(companion.args && { args: companion.args }),
    env: variablesOf(companion.env),
    securityContext: containerSecurity(companion),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: containerResources(companion.resources),
    volumeMounts: [...needsMounts(companion, volumes), ...sharedMount(run, volumes)],
  }));
}

/** Seconds from SIGTERM until the pod is killed. */
export function gracePeriodSeconds({ pod, overlay }: PluginRun): number {
  return overlay?.terminationGracePeriodSeconds ?? pod.gracePeriodSeconds;
}

/** What tells a VSP whose side it serves. A plugin's `create` waits for Init where a part of it is not known. */
function ownVariables({ metadata, spec }: DataProcessingUnit, run: PluginRun): Variable[] {
  const { products, settings, secret, configMap } = run;
  const identifier = metadata.annotations?.[annotations.identifier];
  const pciAddress = metadata.annotations?.[annotations.pciAddress];
  const known = [
    ['DPU_NAME', metadata.name],
    ['DPU_SIDE', spec.isDpuSide ? 'dpu' : 'host'],
    ['DPU_IDENTIFIER', identifier],
    // Another plugin than the one that detected the DPU may have no product of that name.
    ['DPU_PRODUCT', products.find((name) => name === spec.dpuProductName)],
    ['DPU_PCI_ADDRESS', pciAddress],
    ['DPU_SETTINGS', canonicalJson(settings)],
    ['DPU_GRACE_PERIOD', String(gracePeriodSeconds(run))],
    ['DPU_SECRET', secret],
    ['DPU_SECRET_DIRECTORY', secret === undefined ? undefined : `${filesDirectory}/secret`],
    ['DPU_CONFIG_MAP', configMap],
    ['DPU_CONFIG_MAP_DIRECTORY', configMap === undefined ? undefined : `${filesDirectory}/config-map`],
  ] as const;
  return [
    ...known.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
    { name: 'K8S_NODE', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } },
    { name: 'NODE_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.hostIP' } } },
  ];
}

/** The manifest's, and in the place of those of the same name the cluster operator's. */
function otherVariables({ pod, overlay }: PluginRun): Variable[] {
  const added = Object.fromEntries((overlay?.env ?? []).map(({ name, value }) => [name, value]));
  return variablesOf({ ...pod.env, ...added });
}

/** By name: the API server, which keeps the run, keeps no order of keys. */
function variablesOf(variables: Record<string, string> = {}): Variable[] {
  const names = Object.keys(variables).sort();
  return names.map((name) => ({ name, value: variables[name] ?? '' }));
}

function fileMounts({ pod, secret, configMap }: PluginRun, volumes: PodVolumes): VolumeMount[] {
  const mounts: VolumeMount[] = [];
  if (secret !== undefined && pod.secret) {
    mounts.push(filesMount('secret', secret, pod.secret, `${filesDirectory}/secret`, volumes));
  }
  if (configMap !== undefined && pod.configMap) {
    mounts.push(filesMount('configMap', configMap, pod.configMap, `${filesDirectory}/config-map`, volumes));
  }
  return mounts;
}

function sharedMount({ pod }: PluginRun, volumes: PodVolumes): VolumeMount[] {
  return pod.companions.length > 0 ? [volumes.scratch('shared', sharedDirectory)] : [];
}

interface Code {
  /** Undefined for a VSP that is only an image: it starts as it is made to. */
  command?: string[];
  variables: Variable[];
  mounts: VolumeMount[];
}

function codeOf(run: PluginRun, { sysfs }: Environment, volumes: PodVolumes): Code {
  const variables = [...nodeVariables, aliveVariable, ...(sysfs ? [{ name: 'DPU_SYSFS', value: sysfs }] : [])];
  // A plugin writes to it the number of its virtual functions.
  const hardware = sysfs ? [volumes.mount(nodePath(sysfs), sysfs)] : [];
  const serve = (directory: string) => [
    ...init,
    'node',
    ...vspFlags,
    '/opt/dpu-vsp/dpu-vsp.mjs',
    'serve',
    '--plugin',
    directory,
  ];
  if (run.directory) return { command: serve(run.directory), variables, mounts: hardware };
  if (!run.package || !run.lock) return { variables: [], mounts: [] };
  const installed = { packageName: run.package, version: run.version, lock: run.lock };
  const directory = installedDirectory(installed);
  const mount = volumes.mount(nodePath(directory), directory, { readOnly: true });
  return { command: serve(installedPackage(installed)), variables, mounts: [mount, ...hardware] };
}
