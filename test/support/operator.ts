/** Installs the operator and its software DPU on a test cluster, the way the README tells a person to. */
import { stringify } from 'yaml';
import type { Cluster, Kubectl } from '../cluster/index.ts';

export const namespace = 'openshift-dpu-operator';

export interface TestBed {
  cluster: Cluster;
  kubectl: Kubectl;
  /** Names of the two nodes and of their DataProcessingUnits. */
  host: string;
  dpu: string;
  hostDpu: string;
  dpuDpu: string;
}

export interface SoftwareDpuOptions {
  /** Virtual functions on the host. */
  hostVfs: number;
  /** Network-function ports on the DPU. */
  networkFunctionPorts: number;
}

export function testBed(cluster: Cluster): TestBed {
  const host = nodeOf(cluster, 'host').name;
  const dpu = nodeOf(cluster, 'dpu').name;
  const { kubectl } = cluster;
  return { cluster, kubectl, host, dpu, hostDpu: `software-dpu-${host}-host`, dpuDpu: `software-dpu-${dpu}-dpu` };
}

export function nodeOf(cluster: Cluster, role: 'host' | 'dpu'): Cluster['nodes'][number] {
  const node = cluster.nodes.find((candidate) => candidate.role === role);
  if (!node) throw new Error(`cluster ${cluster.name} has no ${role} node`);
  return node;
}

/** CRDs, operator and, per node, which side of a software DPU it is and where the other side is. */
export async function installOperator(bed: TestBed, options: SoftwareDpuOptions): Promise<void> {
  const { kubectl } = bed;
  await kubectl.run(['apply', '--server-side', '-f', 'config/crd', '-f', 'config/deploy']);
  await kubectl.run([
    'rollout',
    'status',
    '-n',
    namespace,
    'deployment/dpu-operator-controller-manager',
    '--timeout=180s',
  ]);
  await kubectl.run(['label', '--overwrite', 'node', bed.host, 'dpu.config.openshift.io/software-dpu=host']);
  await kubectl.run(['label', '--overwrite', 'node', bed.dpu, 'dpu.config.openshift.io/software-dpu=dpu']);
  await kubectl.run(['apply', '--server-side', '-f', '-'], softwareDpuConfigs(bed, options));
}

/** The nodes as an admin labels them, and the one DpuOperatorConfig; returns when both DPUs are Ready. */
export async function turnOn(bed: TestBed): Promise<void> {
  await bed.kubectl.run(['label', '--overwrite', 'node', bed.host, bed.dpu, 'dpu=true']);
  await bed.kubectl.run(['create', '-f', 'examples/config.yaml']);
  await useIpamThatIsThere(bed);
  await dpusReady(bed);
}

/** Test clusters without Multus' images have no whereabouts either. */
export async function useIpamThatIsThere({ kubectl }: TestBed): Promise<void> {
  const daemonSet = ['get', 'daemonset', 'whereabouts', '-n', 'kube-system', '--ignore-not-found', '-o', 'name'];
  if ((await kubectl.run(daemonSet)).trim() !== '') return;
  const patch = JSON.stringify({ spec: { defaultNetwork: { ipam: hostLocal } } });
  await kubectl.run(['patch', 'dpuoperatorconfig', 'dpu-operator-config', '--type=merge', '-p', patch]);
}

/** One range on every node is right here: both pods of the examples run on one node. */
const hostLocal = {
  type: 'host-local',
  ranges: [[{ subnet: '10.56.217.0/24', rangeStart: '10.56.217.50', rangeEnd: '10.56.217.150' }]],
};

export async function dpusReady({ kubectl, hostDpu, dpuDpu }: TestBed): Promise<void> {
  // One by one: kubectl gives up at once on the first of several that is not there yet.
  for (const name of [hostDpu, dpuDpu]) await kubectl.wait('create', [`dpu/${name}`]);
  await kubectl.wait('condition=Ready', [`dpu/${hostDpu}`, `dpu/${dpuDpu}`]);
  await kubectl.wait('condition=Ready', ['dpuoperatorconfig/dpu-operator-config']);
}

function softwareDpuConfigs({ cluster }: TestBed, { hostVfs, networkFunctionPorts }: SoftwareDpuOptions): string {
  const host = nodeOf(cluster, 'host');
  const dpu = nodeOf(cluster, 'dpu');
  return [
    config(host, { numVfs: hostVfs, settings: { peer: `{nodeIp:${dpu.name}}` } }),
    config(dpu, { settings: { peer: `{nodeIp:${host.name}}`, networkFunctionPorts } }),
  ]
    .map((object) => stringify(object))
    .join('---\n');
}

function config(node: Cluster['nodes'][number], spec: object): object {
  return {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DataProcessingUnitConfig',
    metadata: { name: `software-dpu-${node.role}`, namespace },
    spec: {
      dpuSelector: { matchLabels: { 'dpu.config.openshift.io/node': node.name } },
      ...spec,
    },
  };
}
