/** The host side and the DPU side of the tests' DPU: two nodes of one cluster, or of two. */
import { type Cluster, type Kubectl, type Role, roleLabel } from '../cluster/index.ts';

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

export function nodeOf(cluster: Cluster, role: Role): Cluster['nodes'][number] {
  const node = cluster.nodes.find((candidate) => candidate.role === role);
  if (!node) throw new Error(`cluster ${cluster.name} has no ${role} node: label one with ${roleLabel}=${role}`);
  return node;
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
