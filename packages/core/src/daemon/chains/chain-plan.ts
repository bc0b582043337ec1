/** What to do about a chain, decided from what there is. Pure. */
import { annotations, type ConditionInput, labels, type ServiceFunctionChain } from '../../api/index.ts';
import type { Applied, Pod } from '../../kube/index.ts';
import type { ChainState } from './chain-state.ts';
import { type ChainNode, labelValue, networkFunctionPod } from './network-function-pod.ts';

export interface ChainPlan {
  /** Pods to take away: of functions that the chain has no more, or has otherwise now. */
  remove: Pod[];
  /** Pods to make, in the chain's order; stop at the first that cannot be made. */
  create: Applied[];
  /** Condition to write; none where the chain is another node's. */
  ready?: ConditionInput;
}

/** What is unknown is no order: pods stay, and none is made. */
export type Eligibility = 'yes' | 'no' | 'unknown';

export interface ChainInput {
  chain: ServiceFunctionChain;
  /** The pods that carry the label of a chain of that name, on any node. */
  pods: readonly Pod[];
  node: ChainNode;
  /** Whether this node may run the chain now: it has a DPU of its own side and the labels that the chain asks for. */
  eligible: Eligibility;
  /** What the VSPs of this node say of it; undefined where none was ever asked. */
  state?: ChainState | undefined;
}

/**
 * A chain runs on one node: the one whose daemon made the first function's pod, which only one can, since a pod's name
 * is taken once. Daemons of other eligible nodes see that pod and leave the chain alone until it is gone.
 */
export function planChain({ chain, pods, node, eligible, state }: ChainInput): ChainPlan {
  const own = pods.filter((pod) => pod.metadata.ownerReferences?.some(({ uid }) => uid === chain.metadata.uid));
  const here = own.filter((pod) => pod.metadata.labels?.[labels.node] === labelValue(node.name));
  const alive = here.filter((pod) => !pod.metadata.deletionTimestamp);
  if (chain.metadata.deletionTimestamp || eligible === 'unknown') return { remove: [], create: [] };
  if (eligible === 'no') {
    const plan: ChainPlan = { remove: alive, create: [] };
    return alive.length > 0 ? { ...plan, ready: noNode(chain, node.name) } : plan;
  }
  const functions = chain.spec.networkFunctions;
  const first = functions[0]?.name;
  const elsewhere = own.filter((pod) => !here.includes(pod) && !pod.metadata.deletionTimestamp);
  const firstIsHere = here.some((pod) => pod.metadata.name === first);
  if (elsewhere.length > 0 && !firstIsHere) return { remove: alive, create: [] };

  const wanted = new Map(functions.map((f) => [f.name, networkFunctionPod(chain, f, node)]));
  const remove = alive.filter((pod) => hasEnded(pod) || !isAsWanted(pod, wanted.get(pod.metadata.name)));
  const taken = new Set(here.map((pod) => pod.metadata.name));
  const create = [...wanted.values()].filter((pod) => !taken.has(pod.metadata.name));
  const serving = here.filter((pod) => !remove.includes(pod) && wanted.has(pod.metadata.name));
  const ready = condition(chain, serving, node.name, state);
  return { remove, create, ...(ready && { ready }) };
}

/**
 * Whether a node's labels are those that a chain asks for; a chain that asks for none takes any node.
 *
 * @param nodeLabels undefined while they are not known
 */
export function selectsNode(chain: ServiceFunctionChain, nodeLabels: Record<string, string> | undefined): Eligibility {
  if (!nodeLabels) return 'unknown';
  const wanted = Object.entries(chain.spec.nodeSelector ?? {});
  return wanted.every(([key, value]) => nodeLabels[key] === value) ? 'yes' : 'no';
}

/** Ready=False for a pod that could not be made. */
export function notCreated(chain: ServiceFunctionChain, reason: 'PodConflict' | 'PodRefused', message: string) {
  return ready(chain, 'False', reason, message);
}

/** A pod with restartPolicy Always ends only by eviction or with its node, and does not come back by itself. */
const hasEnded = (pod: Pod): boolean => pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';

function isAsWanted(pod: Pod, wanted: Applied | undefined): boolean {
  const hashes = wanted?.metadata.annotations as Record<string, string> | undefined;
  return hashes !== undefined && pod.metadata.annotations?.[annotations.specHash] === hashes[annotations.specHash];
}

/** undefined while it is not known whether the VSP has the chain: the condition stays as it is. */
function condition(
  chain: ServiceFunctionChain,
  pods: readonly Pod[],
  nodeName: string,
  state: ChainState | undefined,
): ConditionInput | undefined {
  if (state?.phase === 'refused') {
    return ready(chain, 'False', 'ChainRefused', `the VSP of DPU ${state.dpuName} refused the chain: ${state.message}`);
  }
  const names = chain.spec.networkFunctions.map(({ name }) => name);
  for (const name of names) {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    if (!pod) return ready(chain, 'False', 'Pending', `pod ${name} is being created`);
    const obstacle = obstacleOf(pod);
    if (obstacle) return ready(chain, 'False', obstacle.reason, `pod ${name}: ${obstacle.message}`);
  }
  if (state?.phase === 'unknown') return undefined;
  if (state?.phase === 'incomplete') {
    const { dpuName, missing } = state;
    const lacking = `${missing.join(', ')} has no interfaces on DPU ${dpuName}, which has the others'`;
    return ready(chain, 'False', 'Incomplete', `${lacking}: delete pod ${missing.join(' and pod ')}, it is made again`);
  }
  return ready(chain, 'True', 'Running', `${names.join(', ')} on node ${nodeName}${howTheyStand(names, state)}`);
}

function howTheyStand(names: readonly string[], state: ChainState | undefined): string {
  if (names.length < 2 || !state) return '';
  if (state.phase === 'ordered') return ', in this order';
  if (state.phase !== 'lowered') return '';
  return `, each by itself and in no order: the VSP of DPU ${state.dpuName} has no chains`;
}

/** Why a pod does not serve yet, in the words of whoever holds it up. */
function obstacleOf(pod: Pod): { reason: string; message: string } | undefined {
  const of = (type: string) => pod.status?.conditions?.find((c) => c.type === type);
  if (pod.metadata.deletionTimestamp) return { reason: 'Replacing', message: 'is being replaced' };
  if (of('Ready')?.status === 'True') return undefined;
  const scheduled = of('PodScheduled');
  if (scheduled?.status === 'False') return { reason: 'Pending', message: scheduled.message ?? 'not scheduled yet' };
  const waiting = pod.status?.containerStatuses?.[0]?.state?.waiting;
  const words = [waiting?.reason, waiting?.message].filter(Boolean).join(': ');
  return { reason: 'Starting', message: words || 'is starting' };
}

const noNode = (chain: ServiceFunctionChain, nodeName: string) =>
  ready(chain, 'False', 'NoNode', `node ${nodeName} may not run it any more: it has no DPU side, or other labels`);

function ready(
  { metadata }: ServiceFunctionChain,
  status: 'True' | 'False',
  reason: string,
  message: string,
): ConditionInput {
  const generation = metadata.generation;
  return {
    type: 'Ready',
    status,
    reason,
    message,
    ...(generation !== undefined && { observedGeneration: generation }),
  };
}
