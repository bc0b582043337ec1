/** The host side and the DPU side of the tests' DPU: two nodes of one cluster, or of two. */
import { type Cluster, type Kubectl, type Role, roleLabel } from '../../cluster/index.ts';
import { eventually } from '../eventually.ts';

export interface Side {
  cluster: Cluster;
  kubectl: Kubectl;
  /** Name of the node. */
  node: string;
  /** Name of its DataProcessingUnit. */
  dpu: string;
}

export interface Sides {
  hostSide: Side;
  dpuSide: Side;
}

/** @param dpuCluster where the DPU's node is. Default: with the host's. */
export function sidesOf(hostCluster: Cluster, dpuCluster: Cluster = hostCluster): Sides {
  return {
    hostSide: sideOf(hostCluster, 'host'),
    dpuSide: sideOf(dpuCluster, 'dpu'),
  };
}

function sideOf(cluster: Cluster, role: Exclude<Role, 'control-plane'>): Side {
  const { name: node } = nodeOf(cluster, role);
  return {
    cluster,
    kubectl: cluster.kubectl,
    node,
    dpu: `software-dpu-${node}-${role}`,
  };
}

function nodeOf(cluster: Cluster, role: Role): Cluster['nodes'][number] {
  const node = cluster.nodes.find((candidate) => candidate.role === role);
  if (!node) throw new Error(`cluster ${cluster.name} has no ${role} node: label one with ${roleLabel}=${role}`);
  return node;
}

export interface DpuObject {
  metadata: { name: string };
  spec: { dpuProductName: string; isDpuSide: boolean; nodeName: string };
}

export async function dpusIn(kubectl: Kubectl): Promise<DpuObject[]> {
  return (await kubectl.json<{ items: DpuObject[] }>(['get', 'dpu'])).items;
}

/** The sides of a DPU of that product, once both are detected. */
export async function dpusOn({ hostSide, dpuSide }: Sides, product: string): Promise<Sides> {
  const find = async (side: Side, isDpuSide: boolean): Promise<Side> => {
    const { metadata } = await eventually(`a ${product} on ${side.node}`, async () => {
      const dpus = await dpusIn(side.kubectl);
      return dpus.find(
        ({ spec }) => spec.dpuProductName === product && spec.isDpuSide === isDpuSide && spec.nodeName === side.node,
      );
    });
    return { ...side, dpu: metadata.name };
  };
  return { hostSide: await find(hostSide, false), dpuSide: await find(dpuSide, true) };
}

/** InternalIP of a side's node. */
export function nodeAddress({ cluster, node }: Pick<Side, 'cluster' | 'node'>): string {
  const found = cluster.nodes.find(({ name }) => name === node);
  if (!found) throw new Error(`cluster ${cluster.name} has no node ${node}`);
  return found.ip;
}

/** Whether both sides are nodes of one cluster. */
export function inOneCluster({ hostSide, dpuSide }: Sides): boolean {
  return hostSide.cluster === dpuSide.cluster;
}

/** What there is to do in each cluster once. */
export function clustersOf(sides: Sides): Pick<Side, 'cluster' | 'kubectl'>[] {
  return inOneCluster(sides) ? [sides.hostSide] : [sides.hostSide, sides.dpuSide];
}

export function bothSides({ hostSide, dpuSide }: Sides): [Side, Side] {
  return [hostSide, dpuSide];
}
