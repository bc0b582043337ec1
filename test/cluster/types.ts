import type { BuiltImage } from './images/images.ts';
import type { Kubectl } from './kind/kubectl.ts';
import type { RunOptions, RunResult } from './run.ts';

export type Role = 'control-plane' | 'host' | 'dpu';

export interface ClusterNode {
  name: string;
  role: Role;
  ip: string;
}

/** A running cluster with one node for each side of a DPU. */
export interface Cluster {
  name: string;
  /** Path of a kubeconfig of its own; the user's is never touched. */
  kubeconfig: string;
  /** Works with that kubeconfig, on machines without a kubectl too. */
  kubectl: Kubectl;
  nodes: ClusterNode[];
  /** Runs a program on a node, as root in its mount and network namespaces. A bad end is in exitCode, not thrown. */
  exec(node: string, argv: readonly string[], options?: Pick<RunOptions, 'input' | 'timeoutMs'>): Promise<RunResult>;
  /** Builds images from this checkout and puts them on the worker nodes; the names of those that had changed. */
  loadImages(names?: readonly string[]): Promise<string[]>;
  /** Puts an image onto its nodes as what its `nodeTag` says; whether that was another before. */
  loadImage(image: BuiltImage): Promise<boolean>;
  /** As a power cycle does; the node may have another address afterwards. Absent where nodes are the user's machines. */
  restartNode?: (node: string) => Promise<void>;
  delete(): Promise<void>;
}

/** Says which side of the DPU a test node plays. Only tests look at it; users label with `dpu=true`. */
export const roleLabel = 'dpu-operator.test/role';
