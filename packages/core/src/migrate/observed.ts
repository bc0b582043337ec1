/** What the migration knows of the cluster before it decides. */
import type { KubeJson, ObjectRef } from './go-objects.ts';
import { keyOf } from './go-objects.ts';

/** What is remembered over runs, in the ConfigMap `dpu-operator-migration`. */
export interface Saved {
  /** Of the ConfigMap that this was read from: two runs at once do not overwrite what the other remembers. */
  resourceVersion?: string | undefined;
  /** Objects as they were, by {@link keyOf}. */
  objects: ReadonlyMap<string, KubeJson>;
  /** The node's directory with the Go daemon's files. */
  cniDirectory: string;
  /** Nodes that had a daemon. */
  nodes: readonly string[];
  /** Nodes whose attachments our daemon can read. */
  imported: readonly string[];
  /** The way back has begun: it is gone to its end. */
  undoing: boolean;
  /** On the way back: nodes whose attachments are the Go daemon's again. */
  restored: readonly string[];
  /** On the way back: whether our rights and policies are gone. */
  oursDeleted: boolean;
  /** On the way back: whether the Go operator's objects are there again. */
  isPutBack: boolean;
}

export interface NodeState {
  name: string;
  ready: boolean;
}

/** A pod and whose it is. */
export interface PodState {
  name: string;
  node: string;
  uid: string | undefined;
  /** Of the Go operator, by its container; ours otherwise. */
  ofGo: boolean;
}

/** What a node says of one device that the kubelet gave to a pod. */
export interface DeviceReport {
  pod: string;
  device: string;
  /** `comesHome`: it returns to the node with the end of its pod, but our daemon serves no traffic for it until then. */
  state: 'kept' | 'comesHome' | 'lost' | 'ours';
  reason?: string;
}

export interface NodeReport {
  node: string;
  devices: readonly DeviceReport[];
}

export interface Observed {
  /** Objects of the Go operator, its VSP pods too, and those of ours that have the same names, by {@link keyOf}. */
  objects: ReadonlyMap<string, KubeJson>;
  saved: Saved | undefined;
  configs: readonly KubeJson[];
  dpus: readonly KubeJson[];
  /** Nodes on which daemons are to run. */
  nodes: readonly NodeState[];
  /** The other nodes of the cluster. */
  otherNodes: readonly NodeState[];
  operatorPods: readonly PodState[];
  daemonPods: readonly PodState[];
  vspPods: readonly PodState[];
}

export const objectOf = ({ objects }: Pick<Observed, 'objects'>, ref: ObjectRef): KubeJson | undefined =>
  objects.get(keyOf(ref));

export const there = (observed: Pick<Observed, 'objects'>, refs: readonly ObjectRef[]): ObjectRef[] =>
  refs.filter((ref) => observed.objects.has(keyOf(ref)));

/**
 * Whether anything is to be done on a node. Not where it is no node of the cluster any more, and not where it does not
 * answer and an admin took its label off: then it is left out.
 */
export const isInReach = ({ nodes, otherNodes }: Observed, node: string): boolean =>
  nodes.some(({ name }) => name === node) || otherNodes.some(({ name, ready }) => name === node && ready);

/** Nodes with a daemon, or that are to have one. */
export const daemonNodes = ({ daemonPods, nodes }: Observed): string[] =>
  [...new Set([...daemonPods.map(({ node }) => node), ...nodes.map(({ name }) => name)])].filter((node) => node !== '');
