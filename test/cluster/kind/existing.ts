import type { Log } from '../progress.ts';
import { ensureKubectl } from '../tools.ts';
import { type Cluster, type ClusterNode, type Role, roleLabel } from '../types.ts';
import { internalIp, Kubectl } from './kubectl.ts';

const helperNamespace = 'kube-system';
const helperReadyTimeout = '120s';
const controlPlaneLabel = 'node-role.kubernetes.io/control-plane';
const networksKind = 'network-attachment-definitions.k8s.cni.cncf.io';

/** The cluster that KUBECONFIG points to. It is the user's: nothing is built, loaded or deleted there. */
export async function openExistingCluster(log: Log): Promise<Cluster> {
  const kubeconfig = process.env.KUBECONFIG;
  if (!kubeconfig) throw new Error('TEST_CLUSTER=existing needs KUBECONFIG to name the cluster to use');
  const kubectl = new Kubectl(await ensureKubectl(log), kubeconfig);
  const crd = await kubectl.run(['get', 'crd', networksKind, '--ignore-not-found', '-o', 'name']);
  if (!crd.trim()) throw new Error('the existing cluster has no Multus: install it and whereabouts first');
  const nodes = await assignRoles(log, kubectl);
  log('existing cluster: its nodes must be able to get the images dpu-operator/<operator|vsp|tools>:dev by themselves');
  return {
    name: 'existing',
    kubeconfig,
    kubectl,
    nodes,
    exec: async (node, argv, options = {}) => {
      await ensureHelper(kubectl, node);
      const stdin = options.input === undefined ? [] : ['--stdin'];
      const enter = ['nsenter', '--target', '1', '--mount', '--net', '--uts', '--ipc', '--pid', '--'];
      const inPod = ['exec', '--namespace', helperNamespace, helperName(node), ...stdin, '--', ...enter, ...argv];
      return kubectl.try(inPod, options.input, options.timeoutMs);
    },
    loadImage: async ({ nodeTag }) => {
      log(`existing cluster: ${nodeTag} is not loaded; push it to where its nodes pull from`);
      return false;
    },
    loadImages: async () => {
      log('existing cluster: images are not loaded; push them to where its nodes pull from');
      return [];
    },
    delete: async () => log('existing cluster: not deleted'),
  };
}

/** Roles that the user labelled count; missing ones go to workers without a role. */
async function assignRoles(log: Log, kubectl: Kubectl): Promise<ClusterNode[]> {
  const found = await kubectl.nodes();
  const roles = new Map<string, Role>();
  for (const { metadata } of found) {
    const role = metadata.labels[roleLabel] as Role | undefined;
    if (role) roles.set(metadata.name, role);
    else if (controlPlaneLabel in metadata.labels) roles.set(metadata.name, 'control-plane');
  }
  for (const role of ['host', 'dpu'] as const) {
    if ([...roles.values()].includes(role)) continue;
    const free = found.find(({ metadata }) => !roles.has(metadata.name))?.metadata.name;
    if (!free) throw new Error(`no worker node is left to be the ${role}: label one with ${roleLabel}=${role}`);
    log(`existing cluster: ${free} plays the ${role}`);
    await kubectl.run(['label', 'node', free, `${roleLabel}=${role}`]);
    roles.set(free, role);
  }
  return found.flatMap((node) => {
    const role = roles.get(node.metadata.name);
    return role ? [{ name: node.metadata.name, role, ip: internalIp(node) }] : [];
  });
}

function helperName(node: string): string {
  return `dpu-operator-test-${node}`;
}

/** A privileged pod that lends its way into the node's namespaces. */
async function ensureHelper(kubectl: Kubectl, node: string): Promise<void> {
  const name = helperName(node);
  const pod = ['pod', name, '--namespace', helperNamespace];
  const phase = await kubectl.run(['get', ...pod, '--ignore-not-found', '-o', 'jsonpath={.status.phase}']);
  if (phase.trim() === 'Running') return;
  if (phase.trim() === 'Failed' || phase.trim() === 'Succeeded') await kubectl.run(['delete', ...pod]);
  await kubectl.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: helperNamespace },
    spec: {
      nodeName: node,
      hostPID: true,
      hostNetwork: true,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: 'node',
          image: 'dpu-operator/tools:dev',
          imagePullPolicy: 'IfNotPresent',
          securityContext: { privileged: true },
        },
      ],
    },
  });
  await kubectl.run(['wait', '--for=condition=Ready', ...pod, `--timeout=${helperReadyTimeout}`]);
}
