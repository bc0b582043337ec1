/** Which pods of a chain go and come. Pure. */
import type { ServiceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { type Applied, isBeingDeleted, type Pod } from '../../kube/index.ts';
import { hasEnded } from '../dpu/pod/vsp-pod-status.ts';
import { isAsWanted, networkFunctionPod } from './network-function-pod.ts';

/** Milliseconds of a pod's life after which one that has ended is replaced: what ends at once would end again. */
const endedPodLifeMs = 10_000;

export interface ChainPlan {
  /** Pods to delete: of functions that the chain has no more or otherwise, ended ones, and those on another node. */
  remove: Pod[];
  /** Pods to make, in the chain's order; stop at the first that cannot be made. */
  create: Applied[];
  /** The pods that stay, one a function. */
  serving: Pod[];
  /** Milliseconds until a pod that has ended may be replaced. */
  waitMs?: number;
}

export interface ChainPlanInput {
  chain: ServiceFunctionChain;
  /** The chain's own pods, on any node. */
  pods: readonly Pod[];
  /** Milliseconds since a pod was made. */
  ageMs: (pod: Pod) => number;
  /** undefined where no node may run it: then it has no pods. */
  node: string | undefined;
  /** Whether the node's daemon has yet to hear of the chain's present functions: those it has no more are kept for it. */
  orderPending: boolean;
}

export function planPods({ chain, pods, ageMs, node, orderPending }: ChainPlanInput): ChainPlan {
  const wanted = new Map<string, Applied>();
  if (node !== undefined) {
    for (const nf of chain.spec.networkFunctions) wanted.set(nf.name, networkFunctionPod(chain, nf, node));
  }
  const plan: ChainPlan = { remove: [], create: [], serving: [] };
  for (const pod of pods.filter((one) => !isBeingDeleted(one))) {
    const model = wanted.get(pod.metadata.name);
    // Of each, so that the age of one that ends is known.
    const age = ageMs(pod);
    // Once the order is known, the functions that stay are passed without it and are not interrupted.
    if (!model && node !== undefined && orderPending) continue;
    if (!model || !isAsWanted(pod, model)) plan.remove.push(pod);
    else if (!hasEnded(pod)) plan.serving.push(pod);
    else if (age < endedPodLifeMs) plan.waitMs = endedPodLifeMs - age;
    else plan.remove.push(pod);
  }
  const taken = new Set(pods.map(({ metadata }) => metadata.name));
  plan.create = [...wanted.values()].filter(({ metadata }) => !taken.has(metadata.name));
  return plan;
}
