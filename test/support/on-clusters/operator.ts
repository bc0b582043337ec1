/** Installs the operator and its software DPU on test clusters, the way the README tells a person to. */
import { stringify } from 'yaml';
import type { Cluster, Kubectl } from '../../cluster/index.ts';
import { bothSides, clustersOf, inOneCluster, nodeAddress, type Side, type Sides, sidesOf } from './sides.ts';

export const namespace = 'openshift-dpu-operator';

/** One cluster with both sides. */
export interface OperatorFixture extends Sides {
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

export function operatorFixture(cluster: Cluster): OperatorFixture {
  const sides = sidesOf(cluster);
  return {
    ...sides,
    cluster,
    kubectl: cluster.kubectl,
    host: sides.hostSide.node,
    dpu: sides.dpuSide.node,
    hostDpu: sides.hostSide.dpu,
    dpuDpu: sides.dpuSide.dpu,
  };
}

/** CRDs, operator, and {@link configureSoftwareDpu}. */
export async function installOperator(sides: Sides, options: SoftwareDpuOptions): Promise<void> {
  for (const { kubectl } of clustersOf(sides)) await applyManifests(kubectl);
  await configureSoftwareDpu(sides, options);
}

/** Per node, which side of a software DPU it is and where the other side is. */
export async function configureSoftwareDpu(sides: Sides, options: SoftwareDpuOptions): Promise<void> {
  const { hostSide, dpuSide } = sides;
  await configureSide(hostSide, 'host', {
    numVfs: options.hostVfs,
    settings: { peer: addressFor(sides, dpuSide) },
  });
  await configureSide(dpuSide, 'dpu', {
    settings: {
      peer: addressFor(sides, hostSide),
      networkFunctionPorts: options.networkFunctionPorts,
    },
  });
}

async function applyManifests(kubectl: Kubectl): Promise<void> {
  await kubectl.run(['apply', '--server-side', '-k', 'config/default']);
  await kubectl.run([
    'rollout',
    'status',
    '-n',
    namespace,
    'deployment/dpu-operator-controller-manager',
    '--timeout=180s',
  ]);
}

/** How one side's settings name the node of the other: only within a cluster does an operator know its address. */
export function addressFor(sides: Sides, side: Side): string {
  return inOneCluster(sides) ? `{nodeIp:${side.node}}` : nodeAddress(side);
}

/** Which side of a software DPU a node is, and how that is configured. */
export async function configureSide({ kubectl, node }: Side, role: 'host' | 'dpu', spec: object): Promise<void> {
  await kubectl.run(['label', '--overwrite', 'node', node, `dpu.config.openshift.io/software-dpu=${role}`]);
  const config = {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DataProcessingUnitConfig',
    metadata: {
      name: `software-dpu-${role}`,
      namespace,
    },
    spec: {
      dpuSelector: { matchLabels: { 'dpu.config.openshift.io/node': node } },
      ...spec,
    },
  };
  await kubectl.run(['apply', '--server-side', '-f', '-'], stringify(config));
}

/** As {@link start}; returns when both DPUs are Ready. In two clusters that takes trust between them. */
export async function turnOn(sides: Sides): Promise<void> {
  await start(sides);
  await dpusReady(sides);
}

/** The nodes as an admin labels them, and the one DpuOperatorConfig of each cluster. */
export async function start(sides: Sides): Promise<void> {
  for (const { kubectl, node } of bothSides(sides))
    await kubectl.run(['label', '--overwrite', 'node', node, 'dpu=true']);
  if (inOneCluster(sides)) await sides.hostSide.kubectl.run(['create', '-f', 'examples/config.yaml']);
  else {
    await sides.hostSide.kubectl.run(['create', '-f', 'examples/host.yaml']);
    await sides.dpuSide.kubectl.run(['create', '-f', 'examples/dpu.yaml']);
  }
  for (const { kubectl } of clustersOf(sides)) await useIpamThatIsThere({ kubectl });
}

/** Deletes what tests of this or an earlier run left, in the order in which people would. */
export async function turnOff({ kubectl }: Pick<Side, 'kubectl'>): Promise<void> {
  await kubectl.run(['delete', 'sfc', '--all', '-A', '--timeout=180s']);
  await kubectl.run(['delete', 'deployment', 'next', '--ignore-not-found', '--cascade=foreground', '--timeout=180s']);
  await kubectl.run(['delete', 'pods', '--all', '-n', 'default', '--grace-period=1', '--timeout=180s']);
  await kubectl.run(['delete', 'pod', '-n', namespace, 'sfc-pod', '--ignore-not-found', '--timeout=180s']);
  await kubectl.run(['delete', 'dpuoperatorconfig', '--all', '--timeout=180s']);
}

/** Test clusters without Multus' images have no whereabouts either. */
export async function useIpamThatIsThere({ kubectl }: Pick<Side, 'kubectl'>): Promise<void> {
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

export async function dpusReady(sides: Sides): Promise<void> {
  // One by one: kubectl gives up at once on the first of several that is not there yet.
  for (const { kubectl, dpu } of bothSides(sides)) await kubectl.wait('create', [`dpu/${dpu}`]);
  for (const { kubectl, dpu } of bothSides(sides)) await kubectl.wait('condition=Ready', [`dpu/${dpu}`]);
  for (const { kubectl } of clustersOf(sides)) {
    await kubectl.wait('condition=Ready', ['dpuoperatorconfig/dpu-operator-config']);
  }
}
